// Package rules_test checks the built-in rules: that each is complete, that its
// Rego tests pass and cover every line, and that it judges its fixtures as their
// names say. It is reeve test at its strictest, and a little more.
package rules_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/regotest"
	"github.com/kubereeve/reeve/internal/ruletest"
)

const policiesDir = "../../policies"

// folder returns where a built-in rule lives, from its category and id.
func folder(r *rule.Rule) string {
	return filepath.Join(policiesDir, r.Category, strings.ReplaceAll(r.ID, "-", "_"))
}

func TestRules(t *testing.T) {
	report, err := ruletest.Run(t.Context(), ruletest.Options{Dirs: []string{policiesDir}, Strict: true, CoverageMin: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range slices.Concat(report.Problems, report.Strays) {
		t.Error(problem)
	}
	rules, fixtures, tests := 0, 0, 0
	for _, subject := range report.Subjects {
		t.Run(subject.Name, func(t *testing.T) {
			for _, problem := range subject.Failures {
				t.Error(problem)
			}
			for _, fixture := range subject.Fixtures {
				t.Run(filepath.Base(fixture.File), func(t *testing.T) { checkFixture(t, fixture) })
			}
			for _, test := range subject.Tests {
				t.Run(test.Name, func(t *testing.T) { checkTest(t, test) })
			}
			if subject.Rule != nil {
				rules++
				checkRule(t, subject)
			}
			fixtures += len(subject.Fixtures)
			tests += len(subject.Tests)
		})
	}
	t.Logf("%d rules, %d fixtures, %d Rego tests", rules, fixtures, tests)
	if builtin := len(enginetest.Builtin(t).Rules()); rules != builtin {
		t.Errorf("%d rules were tested, and %d come with Reeve", rules, builtin)
	}
}

func checkFixture(t *testing.T, fixture *ruletest.Fixture) {
	for _, problem := range fixture.Failures {
		t.Error(problem)
	}
	for _, found := range fixture.Findings {
		checkWording(t, found)
	}
}

func checkTest(t *testing.T, test regotest.Test) {
	if test.Outcome != regotest.Passed {
		t.Errorf("%s:%d: %s: %s\n%s", test.File, test.Line, test.Outcome, test.Reason, test.Output)
	}
}

// checkRule wants more of a built-in rule than of others.
func checkRule(t *testing.T, subject *ruletest.Subject) {
	r := subject.Rule
	name := strings.ReplaceAll(r.ID, "-", "_")
	if want := filepath.Join(folder(r), name+".rego"); subject.File != want {
		t.Errorf("the rule is in %s; a rule lives in <category>/<rule_id>/<rule_id>.rego: %s", subject.File, want)
	}
	named := slices.ContainsFunc(subject.Tests, func(test regotest.Test) bool { return filepath.Base(test.File) == name+regotest.Suffix })
	if !named || len(subject.Tests) < 2 {
		t.Errorf("%d Rego tests; %s has at least one that allows and one that denies", len(subject.Tests), name+regotest.Suffix)
	}
	if !strings.Contains(r.Remediation, "```") {
		t.Error("the remediation has no snippet of what to write or run")
	}
	if r.Mode != finding.Warn {
		t.Errorf("mode %s; built-in rules warn until somebody decides otherwise", r.Mode)
	}
}

// checkWording holds findings to what people need at three in the morning.
func checkWording(t *testing.T, f finding.Finding) {
	t.Helper()
	if strings.ContainsAny(f.Message, "\n\t") || strings.HasSuffix(f.Message, ".") {
		t.Errorf("message %q: write one line without a full stop", f.Message)
	}
	if f.Path == "" && f.Resource.Kind != "Namespace" {
		t.Errorf("%s: the finding names no field", f.Line())
	}
}

func TestEveryFolderOfPoliciesHoldsARule(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join(policiesDir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	known := make(map[string]bool)
	for _, r := range enginetest.Builtin(t).Rules() {
		known[folder(r)] = true
	}
	for _, dir := range folders {
		if filepath.Dir(dir) != filepath.Join(policiesDir, "lib") && !known[dir] {
			t.Errorf("%s holds no rule of its own name; its package must be reeve.<category>.<rule_id>", dir)
		}
	}
}
