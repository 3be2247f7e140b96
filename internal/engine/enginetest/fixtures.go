// Package enginetest helps tests of the engine and of rules: it loads the
// built-in rules and reads their fixtures.
package enginetest

import (
	"testing"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
	"github.com/kubereeve/reeve/internal/ruletest"
	"github.com/kubereeve/reeve/policies"
)

// Builtin returns the built-in rules. It fails the test when one does not load.
func Builtin(tb testing.TB) *rule.Set {
	tb.Helper()
	set, problems := source.Load(dialect.All(), source.Source{FS: policies.FS, Name: "builtin", Builtin: true})
	for _, problem := range problems {
		tb.Error(problem)
	}
	if tb.Failed() {
		tb.FailNow()
	}
	return set
}

// Fixtures reads every fixture below a policies directory. What is wrong with
// one fails the test.
func Fixtures(tb testing.TB, dir string) []*ruletest.Fixture {
	tb.Helper()
	fixtures, problems, err := ruletest.Fixtures(tb.Context(), dir)
	if err != nil {
		tb.Fatal(err)
	}
	for _, problem := range problems {
		tb.Error(problem)
	}
	return fixtures
}

// Fill makes the given resources the whole cluster that the rules of a set see
// in an inventory.
func Fill(tb testing.TB, inventory *engine.Inventory, set *rule.Set, resources []*resource.Resource) {
	tb.Helper()
	if err := inventory.Fill(set.Needs(), resources); err != nil {
		tb.Fatal(err)
	}
}
