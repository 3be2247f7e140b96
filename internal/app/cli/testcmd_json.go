package cli

import (
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/regotest"
	"github.com/kubereeve/reeve/internal/ruletest"
)

// The JSON output of reeve test. All fields are always there.
type (
	jsonTests struct {
		Results []jsonSubject   `json:"results"`
		Strays  []jsonProblem   `json:"strays"` // files that nothing runs
		Errors  []jsonProblem   `json:"errors"` // what could not be tested
		Summary jsonTestSummary `json:"summary"`
	}
	jsonSubject struct {
		Kind     string        `json:"kind"` // rule or library
		Name     string        `json:"name"`
		File     string        `json:"file"`
		Passed   bool          `json:"passed"`
		Fixtures []jsonFixture `json:"fixtures"`
		Tests    []jsonTest    `json:"tests"`
		Coverage *jsonCoverage `json:"coverage"` // null where not measured
		Failures []jsonProblem `json:"failures"`
		Warnings []jsonProblem `json:"warnings"`
	}
	jsonFixture struct {
		File       string         `json:"file"`
		Expects    string         `json:"expects"` // allow or deny
		Passed     bool           `json:"passed"`
		Findings   []jsonFound    `json:"findings"`
		Failures   []jsonProblem  `json:"failures"`
		Parameters map[string]any `json:"parameters"`
	}
	jsonFound struct {
		Line      int    `json:"line"`
		Kind      string `json:"kind"`
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
		Container string `json:"container"`
		Path      string `json:"path"`
		Message   string `json:"message"`
	}
	jsonTest struct {
		Name         string           `json:"name"`
		File         string           `json:"file"`
		Line         int              `json:"line"`
		Outcome      regotest.Outcome `json:"outcome"` // passed, failed or skipped
		Reason       string           `json:"reason"`
		Output       string           `json:"output"`
		Milliseconds float64          `json:"milliseconds"`
	}
	jsonCoverage struct {
		Percent    float64 `json:"percent"`
		Covered    int     `json:"covered"`
		NotCovered []int   `json:"notCovered"` // numbers of lines
	}
	jsonProblem struct {
		File    string `json:"file"`
		Line    int    `json:"line"` // 0 when the whole file is meant
		Message string `json:"message"`
	}
	jsonTestSummary struct {
		Passed   bool      `json:"passed"`
		Rules    int       `json:"rules"`
		Fixtures jsonTally `json:"fixtures"`
		Tests    jsonTally `json:"tests"`
		Failures int       `json:"otherFailures"`
		Warnings int       `json:"warnings"`
		Errors   int       `json:"errors"`
	}
	jsonTally struct {
		Passed  int `json:"passed"`
		Failed  int `json:"failed"`
		Skipped int `json:"skipped"`
	}
)

func newJSONTests(report *ruletest.Report) jsonTests {
	sum := newTestSum(report)
	out := jsonTests{
		Results: make([]jsonSubject, 0, len(report.Subjects)),
		Strays:  jsonProblems(report.Strays),
		Errors:  jsonProblems(report.Problems),
		Summary: jsonTestSummary{
			Passed: !report.Failed(), Rules: sum.rules, Fixtures: newJSONTally(sum.fixtures), Tests: newJSONTally(sum.tests),
			Failures: sum.failures, Warnings: sum.warnings, Errors: len(report.Problems),
		},
	}
	for _, subject := range report.Subjects {
		out.Results = append(out.Results, newJSONSubject(subject))
	}
	return out
}

func newJSONSubject(subject *ruletest.Subject) jsonSubject {
	out := jsonSubject{
		Kind: "rule", Name: subject.Name, File: subject.File, Passed: !subject.Failed(),
		Fixtures: make([]jsonFixture, 0, len(subject.Fixtures)), Tests: make([]jsonTest, 0, len(subject.Tests)),
		Failures: jsonProblems(subject.Failures), Warnings: jsonProblems(subject.Warnings),
	}
	if subject.Rule == nil {
		out.Kind = "library"
	}
	for _, fixture := range subject.Fixtures {
		one := jsonFixture{
			File: fixture.File, Expects: "allow", Passed: !fixture.Failed(), Findings: make([]jsonFound, 0, len(fixture.Findings)),
			Failures: jsonProblems(fixture.Failures), Parameters: map[string]any{},
		}
		if fixture.Denied {
			one.Expects = "deny"
		}
		if fixture.Parameters != nil {
			one.Parameters = fixture.Parameters
		}
		for _, found := range fixture.Findings {
			one.Findings = append(one.Findings, newJSONFound(found))
		}
		out.Fixtures = append(out.Fixtures, one)
	}
	for _, test := range subject.Tests {
		out.Tests = append(out.Tests, jsonTest{
			Name: test.Name, File: test.File, Line: test.Line, Outcome: test.Outcome, Reason: test.Reason, Output: test.Output,
			Milliseconds: float64(test.Duration.Microseconds()) / 1000,
		})
	}
	if coverage := subject.Coverage; coverage != nil {
		out.Coverage = &jsonCoverage{coverage.Percent(), coverage.Covered, append([]int{}, coverage.NotCovered...)}
	}
	return out
}

func newJSONFound(found finding.Finding) jsonFound {
	return jsonFound{
		Line: found.Source.Line, Kind: found.Resource.Kind, Namespace: found.Resource.Namespace, Name: found.Resource.Name,
		Container: found.Container, Path: found.Path, Message: found.Message,
	}
}

func newJSONTally(t tally) jsonTally { return jsonTally{t.passed, t.failed, t.skipped} }

func jsonProblems(problems []*rule.Problem) []jsonProblem {
	out := make([]jsonProblem, 0, len(problems))
	for _, problem := range problems {
		out = append(out, jsonProblem{problem.File, problem.Line, problem.Message})
	}
	return out
}
