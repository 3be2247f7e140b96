package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/regotest"
	"github.com/kubereeve/reeve/internal/ruletest"
)

// testLook writes how tests ended for people.
type testLook struct {
	terminal.Look
	verbose bool
}

// The columns of numbers.
const (
	numbersWidth  = 8
	coverageWidth = 9
)

// write writes a line for each rule and library, below it what is wrong with it,
// and last the sum.
func (l testLook) write(w io.Writer, report *ruletest.Report) error {
	var out strings.Builder
	if len(report.Subjects) > 0 {
		names := len("RULE")
		for _, subject := range report.Subjects {
			names = max(names, terminal.Width(subject.Name))
		}
		names = min(names, l.Width-2*numbersWidth-coverageWidth-len("failed")-8)
		out.WriteString(l.Paint(terminal.Faint, testRow(names, "RULE", "FIXTURES", "TESTS", "COVERAGE", "RESULT")) + "\n")
		for _, subject := range report.Subjects {
			l.subject(&out, subject, names)
		}
	}
	for _, stray := range report.Strays {
		l.problem(&out, "failed", stray)
	}
	if len(report.Subjects)+len(report.Strays) == 0 {
		return nil // what is wrong stands on standard error
	}
	for _, line := range terminal.Wrap(newTestSum(report).String(), l.Width) {
		out.WriteString(l.Paint(terminal.Bold, line) + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func testRow(names int, name, fixtures, tests, coverage, result string) string {
	return fmt.Sprintf("%s  %*s  %*s  %*s  %s", terminal.Pad(terminal.Cut(name, names), names),
		numbersWidth, fixtures, numbersWidth, tests, coverageWidth, coverage, result)
}

func (l testLook) subject(out *strings.Builder, subject *ruletest.Subject, names int) {
	result := "ok"
	switch {
	case subject.Failed():
		result = l.Severity(finding.High, "failed")
	case len(subject.Warnings) > 0:
		result = l.Severity(finding.Medium, "warning")
	}
	sum := newTestSum(&ruletest.Report{Subjects: []*ruletest.Subject{subject}})
	coverage := "-"
	if subject.Coverage != nil {
		coverage = percent(subject.Coverage.Percent())
	}
	fixtures := "-"
	if subject.Rule != nil {
		fixtures = sum.fixtures.String()
	}
	out.WriteString(testRow(names, terminal.Clean(subject.Name), fixtures, sum.tests.String(), coverage, result) + "\n")
	for _, problem := range subject.Failures {
		l.problem(out, "failed", problem)
	}
	for _, problem := range subject.Warnings {
		l.problem(out, "warning", problem)
	}
	for _, fixture := range subject.Fixtures {
		for _, problem := range fixture.Failures {
			l.problem(out, "failed", problem)
		}
		if l.verbose && !fixture.Failed() {
			l.item(out, "passed", fixture.Case())
		}
	}
	for _, test := range subject.Tests {
		l.test(out, test)
	}
}

// percent writes a share without rounding it up to what it is not.
func percent(share float64) string {
	if share == 100 {
		return "100 %"
	}
	return fmt.Sprintf("%.1f %%", min(share, 99.9))
}

func (l testLook) test(out *strings.Builder, test regotest.Test) {
	switch {
	case test.Outcome == regotest.Failed:
		l.problem(out, "failed", &rule.Problem{File: test.File, Line: test.Line, Message: test.Name + ": " + test.Reason})
		l.printed(out, test)
	case test.Outcome == regotest.Skipped:
		l.item(out, "skipped", test.Name)
	case l.verbose:
		l.item(out, "passed", test.Name)
		l.printed(out, test)
	}
}

// printed writes what a test printed.
func (l testLook) printed(out *strings.Builder, test regotest.Test) {
	if test.Output != "" {
		l.lines(out, "printed:\n"+test.Output)
	}
}

// item writes one line about one fixture or test.
func (l testLook) item(out *strings.Builder, word, name string) {
	fmt.Fprintf(out, "  %s %s\n", l.Paint(terminal.Faint, terminal.Pad(word, len("warning"))), terminal.Clean(name))
}

// problem writes what is wrong, in one or more lines.
func (l testLook) problem(out *strings.Builder, word string, problem *rule.Problem) {
	severity := finding.High
	if word == "warning" {
		severity = finding.Medium
	}
	first, rest, _ := strings.Cut(problem.Error(), "\n")
	fmt.Fprintf(out, "  %s %s\n", l.Severity(severity, terminal.Pad(word, len("warning"))), terminal.Clean(first))
	l.lines(out, rest)
}

// lines writes lines as they are, which may be drawn with spaces.
func (l testLook) lines(out *strings.Builder, text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		out.WriteString(strings.TrimRight("            "+terminal.Clean(line), " ") + "\n")
	}
}

// tally is how many of something passed.
type tally struct{ passed, failed, skipped int }

// String returns passed/all, or - where there is nothing.
func (t tally) String() string {
	if t == (tally{}) {
		return "-"
	}
	return fmt.Sprintf("%d/%d", t.passed, t.passed+t.failed)
}

// testSum counts what a report holds.
type testSum struct {
	rules, libraries   int
	fixtures, tests    tally
	failures, warnings int // of rules as a whole, and strays
}

func newTestSum(report *ruletest.Report) testSum {
	sum := testSum{failures: len(report.Strays)}
	for _, subject := range report.Subjects {
		if subject.Rule != nil {
			sum.rules++
		} else {
			sum.libraries++
		}
		sum.failures += len(subject.Failures)
		sum.warnings += len(subject.Warnings)
		for _, fixture := range subject.Fixtures {
			if fixture.Failed() {
				sum.fixtures.failed++
			} else {
				sum.fixtures.passed++
			}
		}
		for _, test := range subject.Tests {
			switch test.Outcome {
			case regotest.Passed:
				sum.tests.passed++
			case regotest.Failed:
				sum.tests.failed++
			case regotest.Skipped:
				sum.tests.skipped++
			}
		}
	}
	return sum
}

// String returns the last line of the table.
func (s testSum) String() string {
	text := terminal.Count(s.rules, "rule")
	text += fmt.Sprintf(": %d of %s and %d of %s passed", s.fixtures.passed, terminal.Count(s.fixtures.passed+s.fixtures.failed, "fixture"),
		s.tests.passed, terminal.Count(s.tests.passed+s.tests.failed, "Rego test"))
	if s.tests.skipped > 0 {
		text += fmt.Sprintf(", %d skipped", s.tests.skipped)
	}
	if s.failures > 0 {
		text += "; " + terminal.Count(s.failures, "other failure")
	}
	if s.warnings > 0 {
		text += "; " + terminal.Count(s.warnings, "warning")
	}
	return text
}
