package app_test

import (
	"testing"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
)

// What it takes is reported by BenchmarkRules.
func TestManyAndLargeRuleFilesLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED, NOT TESTED: it takes seconds")
	}
	for _, test := range []struct {
		name  string
		dir   func() string
		rules int
	}{
		{"2,000 files", func() string { return manyFiles(t, 2000) }, 2000},
		{"one file of 5 MB", func() string { return directory(t, map[string]string{"large.rego": largeRule(5 << 20)}) }, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			rules, err := (&app.RuleOptions{NoBuiltin: true, Dirs: []string{test.dir()}}).Load()
			if err != nil {
				t.Fatal(err)
			}
			reviewer, err := rules.Reviewer(engine.Options{Deadline: app.ScanDeadline})
			if err != nil {
				t.Fatal(err)
			}
			if got := len(rules.Set.Rules()); got != test.rules || len(rules.Problems) > 0 {
				t.Fatalf("%d rules, problems %v", got, rules.Problems)
			}
			verdict, err := reviewer.Review(t.Context(), pod(t))
			if err != nil || len(verdict.Findings) != test.rules || len(verdict.Errors) > 0 {
				t.Errorf("%d findings, errors %v, %v", len(verdict.Findings), verdict.Errors, err)
			}
			for _, f := range verdict.Findings {
				if f.Mode != finding.Warn {
					t.Fatalf("%s: %s", f.Rule, f.Mode)
				}
			}
		})
	}
}
