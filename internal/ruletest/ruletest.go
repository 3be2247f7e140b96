// Package ruletest tests rules: it judges their fixtures, runs their Rego tests
// and says what is missing. The command reeve test, the checks of the built-in
// rules and the generated documents share it.
//
// It stands among the doors because it judges objects as they do, through the
// reviewer: a fixture is judged like a manifest of reeve audit. What needs OPA,
// the Rego tests, is in rule/regotest, so that OPA stays where it is.
package ruletest

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/regotest"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// Options say what to test and how strictly.
type Options struct {
	// Dirs are the directories whose rules are tested. One below another is
	// tested once.
	Dirs []string
	// Libraries are directories of files that the rules may import.
	Libraries []string
	// Conftest says how rules of conftest's are read, and holds their data.
	Conftest dialect.Conftest
	// Builtin holds the rules that come with Reeve: their libraries can be
	// imported, and their ids are taken. Files of Dirs win over it.
	Builtin source.Source
	// Strict makes what would be warnings failures.
	Strict bool
	// Run chooses fixtures and tests by RULE/NAME; nil chooses all. With it,
	// coverage is not measured and nothing is said to be missing or astray.
	Run *regexp.Regexp
	// CoverageMin is the least coverage of each rule and library, in percent.
	CoverageMin float64
	// FixturesOnly leaves the Rego tests out.
	FixturesOnly bool
	// Progress is told how many fixtures and tests of how many are done; it may
	// be nil. Calls do not overlap.
	Progress func(done, total int)
}

// Report is what a run says of all rules.
type Report struct {
	// Subjects are the rules by id, and behind them the libraries and other
	// files with tests by name.
	Subjects []*Subject
	// Problems are files that could not be tested.
	Problems []*rule.Problem
	// Strays are files that nothing would run.
	Strays []*rule.Problem
}

// Subject is a rule, a library or a lone test file, and how it did.
type Subject struct {
	// Name is the rule's id, or the file's name.
	Name string
	// Rule is nil for what is not a rule.
	Rule     *rule.Rule
	File     string
	Fixtures []*Fixture
	Tests    []regotest.Test
	// Coverage is nil where it was not measured.
	Coverage *regotest.Coverage
	// Failures and Warnings are about the subject as a whole.
	Failures, Warnings []*rule.Problem
}

// Failed tells whether anything about the subject failed.
func (s *Subject) Failed() bool {
	return len(s.Failures) > 0 ||
		slices.ContainsFunc(s.Fixtures, (*Fixture).Failed) ||
		slices.ContainsFunc(s.Tests, func(t regotest.Test) bool { return t.Outcome == regotest.Failed })
}

// Failed tells whether anything failed, or could not be tested.
func (r *Report) Failed() bool {
	return len(r.Problems) > 0 || len(r.Strays) > 0 || slices.ContainsFunc(r.Subjects, (*Subject).Failed)
}

// Run tests the rules of directories. What is wrong with rules, fixtures and
// tests is in the report. It fails when ctx ends first or the rules that are
// left cannot be compiled.
func Run(ctx context.Context, options Options) (*Report, error) {
	t, err := load(options)
	if err != nil {
		return nil, err
	}
	t.progress.callback, t.progress.total = options.Progress, len(t.fixtures)+t.countTests()
	if err := t.judgeFixtures(ctx); err != nil {
		return nil, err
	}
	if !options.FixturesOnly {
		if err := t.runTests(ctx); err != nil {
			return nil, err
		}
	}
	t.complain()
	return t.report(), nil
}

// Fixtures reads the fixtures of directories without judging them. What is wrong
// with any of them, or with the rules beside them, is returned as problems.
func Fixtures(ctx context.Context, dirs ...string) ([]*Fixture, []*rule.Problem, error) {
	t, err := load(Options{Dirs: dirs})
	if err != nil {
		return nil, nil, err
	}
	problems := slices.Concat(t.problems, t.strays)
	for _, fixture := range t.fixtures {
		fixture.read(ctx)
		problems = append(problems, fixture.Failures...)
	}
	return t.fixtures, problems, ctx.Err()
}

// run is one run of tests.
type run struct {
	Options
	set      *rule.Set // rules to test, and all libraries
	tested   []rule.File
	support  []rule.File
	data     []rule.File // data that the rules read
	tests    []rule.File
	written  []rule.File // all modules, as they are written
	fixtures []*Fixture
	owners   owners
	subjects map[string]*Subject // by file
	problems []*rule.Problem
	strays   []*rule.Problem
	progress progress
}

type progress struct {
	callback    func(done, total int)
	done, total int
}

func (p *progress) step() {
	p.done++
	if p.callback != nil {
		p.callback(p.done, p.total)
	}
}

// subject returns the subject of a file. One file can be a rule and, to other rules,
// a library; it is the rule that is tested then.
func (t *run) subject(file string, r *rule.Rule) *Subject {
	subject := t.subjects[file]
	if subject == nil {
		subject = &Subject{Name: file, File: file}
		t.subjects[file] = subject
	}
	if subject.Rule == nil && r != nil {
		subject.Name, subject.Rule = r.ID, r
	}
	return subject
}

// warn notes what is missing from a rule or library.
func (t *run) warn(file rule.File, format string, arguments ...any) {
	t.note(file, &rule.Problem{File: file.Name, Message: fmt.Sprintf(format, arguments...)})
}

// note makes a problem a warning, or a failure where all is strict.
func (t *run) note(file rule.File, problem *rule.Problem) {
	subject := t.subject(file.Name, file.Rule)
	if t.Strict {
		subject.Failures = append(subject.Failures, problem)
		return
	}
	subject.Warnings = append(subject.Warnings, problem)
}

// report puts everything into reading order. With Run, what had nothing to run
// is left out.
func (t *run) report() *Report {
	report := &Report{Problems: withoutRepetition(t.problems), Strays: t.strays}
	broken := t.broken()
	for _, subject := range t.subjects {
		if broken[subject.File] || t.Run != nil && len(subject.Fixtures)+len(subject.Tests) == 0 {
			continue
		}
		report.Subjects = append(report.Subjects, subject)
	}
	slices.SortFunc(report.Subjects, func(a, b *Subject) int {
		return cmp.Or(rank(a)-rank(b), cmp.Compare(a.Name, b.Name))
	})
	return report
}

// rank puts rules first.
func rank(s *Subject) int {
	if s.Rule != nil {
		return 0
	}
	return 1
}

// withoutRepetition sorts problems and removes those that were found twice: the
// engine and the tests compile the same files.
func withoutRepetition(problems []*rule.Problem) []*rule.Problem {
	sorted := slices.Clone(problems)
	rule.SortProblems(sorted)
	return slices.CompactFunc(sorted, func(a, b *rule.Problem) bool { return *a == *b })
}

// lines returns findings, each in a line with its place.
func lines(findings []finding.Finding) string {
	out := make([]string, 0, len(findings))
	for _, f := range findings {
		out = append(out, fmt.Sprintf("line %d, %s: %s", f.Source.Line, f.Resource, f.Line()))
	}
	return strings.Join(out, "\n")
}
