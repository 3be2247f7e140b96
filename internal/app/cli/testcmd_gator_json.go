package cli

import (
	"time"

	"github.com/kubereeve/reeve/internal/ruletest/gator"
)

// The JSON output of reeve test --gatekeeper. All fields are always there.
type (
	jsonSuites struct {
		Suites  []jsonSuite      `json:"suites"`
		Summary jsonSuiteSummary `json:"summary"`
	}
	jsonSuite struct {
		File string `json:"file"`
		jsonOutcome
		Tests []jsonSuiteTest `json:"tests"`
	}
	jsonSuiteTest struct {
		Name string `json:"name"`
		jsonOutcome
		Cases []jsonCase `json:"cases"`
	}
	jsonCase struct {
		Name string `json:"name"`
		jsonOutcome
		Messages []string `json:"messages"` // of all violations
	}
	jsonOutcome struct {
		Outcome      string  `json:"outcome"` // passed, failed or skipped
		Error        string  `json:"error"`
		Milliseconds float64 `json:"milliseconds"`
	}
	jsonSuiteSummary struct {
		Passed bool      `json:"passed"`
		Suites jsonTally `json:"suites"`
		Tests  jsonTally `json:"tests"`
		Cases  jsonTally `json:"cases"`
	}
)

func newJSONSuites(results []*gator.SuiteResult) jsonSuites {
	suites, tests, cases := gator.Sum(results)
	out := jsonSuites{
		Suites: make([]jsonSuite, 0, len(results)),
		Summary: jsonSuiteSummary{
			Passed: suites.Failed == 0, Suites: newTally(suites), Tests: newTally(tests), Cases: newTally(cases),
		},
	}
	for _, result := range results {
		suite := jsonSuite{
			File: result.File, jsonOutcome: newJSONOutcome(result.Failed(), result.Skipped, result.Err, result.Duration),
			Tests: make([]jsonSuiteTest, 0, len(result.Tests)),
		}
		for i := range result.Tests {
			suite.Tests = append(suite.Tests, newJSONSuiteTest(&result.Tests[i]))
		}
		out.Suites = append(out.Suites, suite)
	}
	return out
}

func newJSONSuiteTest(result *gator.TestResult) jsonSuiteTest {
	test := jsonSuiteTest{
		Name: result.Name, jsonOutcome: newJSONOutcome(result.Failed(), result.Skipped, result.Err, result.Duration),
		Cases: make([]jsonCase, 0, len(result.Cases)),
	}
	for _, one := range result.Cases {
		test.Cases = append(test.Cases, jsonCase{
			Name: one.Name, jsonOutcome: newJSONOutcome(one.Err != nil, one.Skipped, one.Err, one.Duration),
			Messages: append([]string{}, one.Messages...),
		})
	}
	return test
}

func newJSONOutcome(failed, skipped bool, err error, duration time.Duration) jsonOutcome {
	outcome := jsonOutcome{Outcome: "passed", Milliseconds: float64(duration.Microseconds()) / 1000}
	switch {
	case failed:
		outcome.Outcome = "failed"
	case skipped:
		outcome.Outcome = "skipped"
	}
	if err != nil {
		outcome.Error = err.Error()
	}
	return outcome
}

func newTally(t gator.Tally) jsonTally {
	return jsonTally{Passed: t.Passed, Failed: t.Failed, Skipped: t.Skipped}
}
