// Package regotest runs the Rego tests of rules and tells which lines they
// cover. It stands below the engine and needs none of it: a test calls its rule
// as plain OPA does, with input that it makes itself. That also keeps OPA's test
// runner where the rest of OPA is allowed.
package regotest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// timeout bounds one test. A rule that judges an object gets a second at most.
const timeout = 10 * time.Second

// Outcome is how a test ended.
type Outcome string

// The outcomes.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped" // its name begins with todo_test_
)

// Test is one Rego test and how it ended.
type Test struct {
	// File and Line are where the test stands.
	File string
	Line int
	// Name is its name, as in test_denies_a_privileged_container.
	Name    string
	Outcome Outcome
	// Reason says why the test failed, in one or more lines.
	Reason string
	// Output is what the test printed.
	Output   string
	Duration time.Duration
}

// Coverage says which lines of a file the tests have evaluated.
type Coverage struct {
	// Covered is the number of lines evaluated; NotCovered are the others that
	// could have been, by number from 1.
	Covered    int
	NotCovered []int
}

// Percent returns how much is covered, 100 where there is nothing to cover.
func (c Coverage) Percent() float64 {
	total := c.Covered + len(c.NotCovered)
	if total == 0 {
		return 100
	}
	return 100 * float64(c.Covered) / float64(total)
}

// Result is what a run of tests says.
type Result struct {
	// Tests are the tests that ran, ordered by file and line.
	Tests []Test
	// Coverage is by the name of the file; test files have none.
	Coverage map[string]Coverage
	// Problems are files that do not compile; the others were tested.
	Problems []*rule.Problem
}

// Options say what to run.
type Options struct {
	// Files are the rules and libraries, and Tests the files with tests.
	Files, Tests []rule.File
	// Written are modules as they are written, which are taken as well where a test
	// means their package: the rules of other dialects have been moved to packages of
	// their own, which tests know nothing of.
	Written []rule.File
	// Documents are data that Files and Written read.
	Documents []rule.DataDocument
	// Trees are the directories in which parse_config_file finds files.
	Trees []source.Source
	// Want chooses tests by file and name; nil wants all.
	Want func(file, name string) bool
	// Done is called after each test, if it is not nil.
	Done func()
}

// Run runs the tests. It fails when ctx ends before they do, and when files that
// compile one by one do not compile together.
func Run(ctx context.Context, options Options) (*Result, error) {
	modules := make(map[string]*ast.Module)
	for _, file := range slices.Concat(options.Files, options.Tests) {
		modules[file.Name] = file.Module
	}
	written := meant(options)
	for _, file := range written {
		modules[asWritten+file.Name] = file.Module
	}
	result := &Result{Coverage: make(map[string]Coverage)}
	var err error
	if result.Problems, err = dropBroken(modules); err != nil {
		return nil, err
	}
	made := &maker{modules: modules, trees: options.Trees, coverage: cover.New()}
	if made.store, err = rule.NewStore(options.Documents); err != nil {
		return nil, fmt.Errorf("data of tests: %w", err)
	}
	lenient := ofOtherTools(options, written)
	for _, made.lenient = range []bool{false, true} {
		refs := wanted(modules, func(file, name string) bool {
			return lenient[file] == made.lenient && (options.Want == nil || options.Want(file, name))
		})
		ended, err := collect(ctx, made.runner(refs).SetCoverageQueryTracer(made.coverage).SetCoverageRuns(nil), options.Done) // why a line is not covered is not asked
		if err != nil {
			return nil, err
		}
		reasons, err := explain(ctx, made, ended)
		if err != nil {
			return nil, err
		}
		for _, one := range ended {
			result.Tests = append(result.Tests, newTest(one, reasons[one.Package+"."+one.Name]))
		}
	}
	slices.SortFunc(result.Tests, func(a, b Test) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Name, b.Name))
	})
	result.Tests = slices.CompactFunc(result.Tests, func(a, b Test) bool {
		return a.File == b.File && a.Line == b.Line && a.Name == b.Name // as it is written, and moved
	})
	report := made.coverage.Report(modules)
	for _, file := range options.Files {
		if lines := report.Files[file.Name]; lines != nil {
			result.Coverage[file.Name] = newCoverage(lines)
		}
	}
	return result, nil
}

// dropBroken removes the modules that do not compile, until the rest does, and
// returns what is wrong with them.
func dropBroken(modules map[string]*ast.Module) ([]*rule.Problem, error) {
	var problems []*rule.Problem
	for {
		compiler := newCompiler()
		compiler.Compile(modules)
		if !compiler.Failed() {
			rule.SortProblems(problems)
			return problems, nil
		}
		before := len(modules)
		for _, problem := range rule.ProblemsOf(compiler.Errors) {
			maps.DeleteFunc(modules, func(name string, module *ast.Module) bool {
				return name == problem.File || module.Package.Location != nil && module.Package.Location.File == problem.File
			})
			problems = append(problems, problem)
		}
		if len(modules) == before {
			return nil, fmt.Errorf("compile tests: %w", compiler.Errors)
		}
	}
}

// wanted returns the names of the tests that want chooses. Without any it
// returns a name that no test has, because none would stand for all.
func wanted(modules map[string]*ast.Module, want func(file, name string) bool) []ast.Ref {
	refs := []ast.Ref{ast.MustParseRef("data[\"no test\"]")}
	for _, file := range slices.Sorted(maps.Keys(modules)) {
		for _, name := range testNames(modules[file]) {
			if want(file, name) {
				refs = append(refs, modules[file].Package.Path.Append(ast.StringTerm(name)))
			}
		}
	}
	return refs
}

// collect runs all tests and returns how they ended.
func collect(ctx context.Context, runner *tester.Runner, done func()) ([]*tester.Result, error) {
	results, err := runner.RunTests(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("run tests: %w", err)
	}
	var ended []*tester.Result
	for result := range results {
		ended = append(ended, result)
		if done != nil {
			done()
		}
	}
	return ended, ctx.Err()
}

func newTest(result *tester.Result, reason string) Test {
	test := Test{
		File: result.Location.File, Line: result.Location.Row, Name: result.Name, Outcome: Passed,
		Output: strings.TrimRight(string(result.Output), "\n"), Duration: result.Duration,
	}
	cancelled := topdown.IsCancel(result.Error) || errors.Is(result.Error, context.DeadlineExceeded)
	switch {
	case result.Skip:
		test.Outcome = Skipped
	case cancelled:
		test.Outcome, test.Reason = Failed, fmt.Sprintf("the test did not end within %s", timeout)
	case result.Error != nil:
		test.Outcome, test.Reason = Failed, result.Error.Error()
	case result.Fail:
		test.Outcome, test.Reason = Failed, cmp.Or(reason, "the test is not true")
	}
	return test
}

func newCoverage(lines *cover.FileReport) Coverage {
	coverage := Coverage{Covered: lines.CoveredLines}
	for _, span := range lines.NotCovered {
		for row := span.Start.Row; row <= span.End.Row; row++ {
			coverage.NotCovered = append(coverage.NotCovered, row)
		}
	}
	slices.Sort(coverage.NotCovered)
	coverage.NotCovered = slices.Compact(coverage.NotCovered)
	return coverage
}
