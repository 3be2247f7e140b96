package gator

import "time"

// SuiteResult is how the tests of one suite ended.
type SuiteResult struct {
	File     string
	Skipped  bool
	Err      error // the suite cannot be read
	Duration time.Duration
	Tests    []TestResult

	suite *Suite
}

// TestResult is how one test of a suite ended.
type TestResult struct {
	Name     string
	Skipped  bool
	Err      error // no case could run
	Duration time.Duration
	Cases    []CaseResult
}

// CaseResult is how one case of a test ended.
type CaseResult struct {
	Name     string
	Skipped  bool
	Err      error // why the case failed
	Duration time.Duration
	// Messages are those of all violations.
	Messages []string
}

// Failed tells whether the suite cannot be read or one of its tests failed.
func (r *SuiteResult) Failed() bool {
	if r.Err != nil {
		return true
	}
	for i := range r.Tests {
		if r.Tests[i].Failed() {
			return true
		}
	}
	return false
}

// Failed tells whether no case could run or one of them failed.
func (r *TestResult) Failed() bool {
	if r.Err != nil {
		return true
	}
	for i := range r.Cases {
		if r.Cases[i].Err != nil {
			return true
		}
	}
	return false
}

// Tally is how many there are of each outcome.
type Tally struct{ Passed, Failed, Skipped int }

// Sum returns how many suites, tests and cases ended how.
func Sum(results []*SuiteResult) (suites, tests, cases Tally) {
	for _, suite := range results {
		suites.add(suite.Failed(), suite.Skipped)
		for i := range suite.Tests {
			test := &suite.Tests[i]
			tests.add(test.Failed(), test.Skipped)
			for _, one := range test.Cases {
				cases.add(one.Err != nil, one.Skipped)
			}
		}
	}
	return suites, tests, cases
}

func (t *Tally) add(failed, skipped bool) {
	switch {
	case failed:
		t.Failed++
	case skipped:
		t.Skipped++
	default:
		t.Passed++
	}
}
