package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kubereeve/reeve/internal/app/cli/output"
	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/ruletest/gator"
)

// validateGator finds flags that mean nothing to gator's suites, and returns the
// filter of --run.
func (o *testOptions) validateGator() (gator.Filter, error) {
	run := o.run
	o.run = "" // two expressions are not one
	_, err := o.validate()
	o.run = run
	switch {
	case err != nil:
		return gator.Filter{}, err
	case len(o.libraries)+len(o.data) > 0, o.coverageMin > 0, o.strict:
		return gator.Filter{}, usageError("--gatekeeper runs suites, which have no libraries, no data of conftest's, no coverage and nothing to be strict about; leave out --library, --conftest-data, --coverage-min and --strict")
	}
	filter, err := gator.ParseFilter(run)
	if err != nil {
		return gator.Filter{}, usageError("--run: %s", err)
	}
	return filter, nil
}

// gator runs suites of Gatekeeper's gator and writes how they ended.
func (o *testOptions) gator(ctx context.Context, streams Streams, names []string) error {
	filter, err := o.validateGator()
	if err != nil {
		return err
	}
	shown := newProgress(streams.Err)
	results, err := gator.Run(ctx, gator.Options{Names: names, Filter: filter, Progress: shown.suites})
	shown.clear()
	if err != nil {
		return err
	}
	if o.output == testJSON {
		err = output.EncodeJSON(streams.Out, newJSONSuites(results))
	} else {
		err = gatorLook{terminal.NewLook(streams.Out, o.color, o.width), o.verbose}.write(streams.Out, results)
	}
	if err != nil {
		return fmt.Errorf("output: %w", err)
	}
	return gatorOutcome(results, o.run)
}

// gatorOutcome returns what the results mean for the exit code.
func gatorOutcome(results []*gator.SuiteResult, run string) error {
	_, _, cases := gator.Sum(results)
	failed := false
	for _, result := range results {
		if result.Err != nil {
			return &failure{code: exitError}
		}
		failed = failed || result.Failed()
	}
	switch {
	case failed:
		return &failure{code: exitFindings}
	case run != "" && cases.Passed == 0:
		return fmt.Errorf("--run: no case matches %s; write TEST//CASE, or one expression for the names of either", run)
	}
	return nil
}

// suites is the Progress of suites.
func (p *progress) suites(done, total int) { p.counted(done, total, "suites") }

// gatorLook writes how suites ended for people.
type gatorLook struct {
	terminal.Look
	verbose bool
}

// write writes a line for each suite, below it what failed, and last the sum.
func (l gatorLook) write(w io.Writer, results []*gator.SuiteResult) error {
	var out strings.Builder
	for _, result := range results {
		l.suite(&out, result)
	}
	suites, tests, cases := gator.Sum(results)
	out.WriteString(l.Paint(terminal.Bold, fmt.Sprintf("%s of %s, %s of %s and %s of %s passed%s",
		passed(suites), terminal.Count(suites.Passed+suites.Failed, "suite"), passed(tests), terminal.Count(tests.Passed+tests.Failed, "test"),
		passed(cases), terminal.Count(cases.Passed+cases.Failed, "case"), skippedText(tests, cases))) + "\n")
	_, err := io.WriteString(w, out.String())
	return err
}

func passed(t gator.Tally) string { return fmt.Sprint(t.Passed) }

// skippedText tells what did not run.
func skippedText(tests, cases gator.Tally) string {
	if tests.Skipped+cases.Skipped == 0 {
		return ""
	}
	return fmt.Sprintf("; %s and %s skipped", terminal.Count(tests.Skipped, "test"), terminal.Count(cases.Skipped, "case"))
}

// suite writes one suite.
func (l gatorLook) suite(out *strings.Builder, result *gator.SuiteResult) {
	switch {
	case result.Skipped:
		l.line(out, "", "skip", result.File, 0)
	case result.Failed():
		l.line(out, "", "FAIL", result.File, result.Duration)
		l.text(out, "      ", result.Err)
	default:
		l.line(out, "", "ok", result.File, result.Duration)
	}
	for i := range result.Tests {
		test := &result.Tests[i]
		switch {
		case test.Failed():
			l.line(out, "  ", "FAIL", test.Name, test.Duration)
			l.text(out, "        ", test.Err)
		case l.verbose && test.Skipped:
			l.line(out, "  ", "skip", test.Name, 0)
		case l.verbose:
			l.line(out, "  ", "ok", test.Name, test.Duration)
		}
		for _, one := range test.Cases {
			l.one(out, one)
		}
	}
}

// one writes one case.
func (l gatorLook) one(out *strings.Builder, one gator.CaseResult) {
	switch {
	case one.Err != nil:
		l.line(out, "    ", "FAIL", one.Name, one.Duration)
		l.text(out, "          ", one.Err)
	case l.verbose && one.Skipped:
		l.line(out, "    ", "skip", one.Name, 0)
	case l.verbose:
		l.line(out, "    ", "ok", one.Name, one.Duration)
	}
}

// line writes one line: a word, a name and how long it took.
func (l gatorLook) line(out *strings.Builder, margin, word, name string, duration time.Duration) {
	painted := terminal.Pad(word, len("FAIL"))
	if word == "FAIL" {
		painted = l.Severity(finding.High, painted)
	}
	took := ""
	if duration > 0 {
		took = l.Paint(terminal.Faint, fmt.Sprintf("  %.3fs", duration.Seconds()))
	}
	fmt.Fprintf(out, "%s%s  %s%s\n", margin, painted, terminal.Clean(name), took)
}

// text writes an error, which may have several lines.
func (l gatorLook) text(out *strings.Builder, margin string, err error) {
	if err == nil {
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		out.WriteString(margin + terminal.Clean(line) + "\n")
	}
}
