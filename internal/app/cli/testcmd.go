package cli

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubereeve/reeve/internal/app/cli/output"
	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
	"github.com/kubereeve/reeve/internal/ruletest"
	"github.com/kubereeve/reeve/policies"
)

// The output formats of reeve test.
const (
	testTable = "table"
	testJSON  = "json"
)

// testOptions are the flags of reeve test.
type testOptions struct {
	libraries   []string
	data        []string
	run         string
	coverageMin float64
	strict      bool
	output      string
	color       string
	width       int
	verbose     bool
	gatekeeper  bool
}

func newTest(streams Streams, program string) *cobra.Command {
	options := &testOptions{}
	command := &cobra.Command{
		Use:   "test DIR...",
		Short: "Test rules: their fixtures and their Rego tests",
		Long: `Test rules: their fixtures and their Rego tests.

A fixture is a manifest in the directory testdata beside a rule, named for what
the rule says of it: allow.CASE.yaml (it finds nothing) or deny.CASE.yaml (it
finds something). All objects of one file are a small cluster of their own. A
comment at its top, # parameters: {"max": 3}, sets the rule's parameters. Where
several rules stand in one directory, testdata/RULE_ID holds those of each. The
tests of Kubescape's rules, test/CASE/expected.json beside a rule, are fixtures, too.

Rego tests are the rules test_* of *_test.rego files, as opa test runs them.
Rules and tests may import the libraries below DIR, those of --library, and those
that come with Reeve. Tests for conftest may read YAML and JSON files below DIR with
parse_config_file.

What is missing is a warning, and with --strict a failure. Files that cannot be
read or compiled are errors.

With --gatekeeper, the suites of Gatekeeper's gator run instead: files of kind
Suite anywhere below DIR, or such a file itself. --run takes TEST//CASE then.

Exit codes: 0 all passed, 2 failures, 1 error, 64 wrong usage. An error wins over
failures.`,
		Example: fmt.Sprintf(`  %[1]s test rules/
  %[1]s test rules/ --run '^team-label-missing/' -v
  %[1]s test rules/ --strict --coverage-min 100
  %[1]s test --gatekeeper gatekeeper-library/library`, program),
		ValidArgsFunction: completeDirectories,
		Args: func(command *cobra.Command, arguments []string) error {
			if len(arguments) == 0 {
				return fmt.Errorf("name the directories of the rules, as in %s rules/", command.CommandPath())
			}
			if slices.Contains(arguments, "") {
				return fmt.Errorf("the name of a directory is empty")
			}
			return nil
		},
	}
	options.addFlags(command)
	command.RunE = run(func(command *cobra.Command, dirs []string) error {
		if options.gatekeeper {
			return options.gator(command.Context(), streams, dirs)
		}
		return options.test(command.Context(), streams, dirs)
	})
	return command
}

func (o *testOptions) addFlags(command *cobra.Command) {
	flags := command.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.run, "run", "", "only the fixtures and tests whose names match this regular expression; they are RULE/FILE and RULE/test_NAME")
	flags.Float64Var(&o.coverageMin, "coverage-min", 0, "fail when the Rego tests cover less of a rule or library, in percent of its lines")
	flags.BoolVar(&o.strict, "strict", false, "missing fixtures, tests and metadata are failures")
	flags.StringArrayVar(&o.libraries, "library", nil, "directory of libraries that the rules import; it is not tested (repeatable)")
	flags.StringArrayVar(&o.data, "conftest-data", nil, "file or directory of YAML and JSON that conftest rules and their tests read below data (repeatable)")
	flags.StringVarP(&o.output, "output", "o", testTable, "output format: table or json")
	flags.StringVar(&o.color, "color", terminal.ColorAuto, "colour the table: auto, always or never; auto heeds NO_COLOR")
	flags.IntVar(&o.width, "width", 0, "width of the table in columns (default: the terminal's)")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "list every fixture and test")
	flags.BoolVar(&o.gatekeeper, "gatekeeper", false, "run the suites of Gatekeeper's gator below DIR")
	completeWords(command, "output", testTable, testJSON)
	completeWords(command, "color", terminal.ColorAuto, terminal.ColorAlways, terminal.ColorNever)
	register(command, "library", completeDirectories)
}

func completeDirectories(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// validate finds flags that have no meaning, alone or together, and returns the
// expression of --run, nil without one.
func (o *testOptions) validate() (*regexp.Regexp, error) {
	if err := checkWord("--output", o.output, testTable, testJSON); err != nil {
		return nil, err
	}
	if err := checkWord("--color", o.color, terminal.ColorAuto, terminal.ColorAlways, terminal.ColorNever); err != nil {
		return nil, err
	}
	if o.width < 0 {
		return nil, usageError("--width: %d is not a width", o.width)
	}
	if !(o.coverageMin >= 0 && o.coverageMin <= 100) { // NaN is neither
		return nil, usageError("--coverage-min: %g is not between 0 and 100", o.coverageMin)
	}
	if slices.Contains(o.libraries, "") {
		return nil, usageError("--library: the name is empty")
	}
	if o.run == "" {
		return nil, nil
	}
	if o.coverageMin > 0 {
		return nil, usageError("--coverage-min wants all tests to run; leave out --run")
	}
	chosen, err := regexp.Compile(o.run)
	if err != nil {
		return nil, usageError("--run: %s", err)
	}
	return chosen, nil
}

// test runs the tests and writes how they ended.
func (o *testOptions) test(ctx context.Context, streams Streams, dirs []string) error {
	chosen, err := o.validate()
	if err != nil {
		return err
	}
	data, problems := dialect.ReadData(o.data...)
	shown := newProgress(streams.Err)
	report, err := ruletest.Run(ctx, ruletest.Options{
		Dirs: dirs, Libraries: o.libraries, Conftest: dialect.Conftest{Data: data}, Builtin: source.Source{FS: policies.FS, Name: "builtin", Builtin: true},
		Strict: o.strict, Run: chosen, CoverageMin: o.coverageMin, Progress: shown.tests,
	})
	shown.clear()
	if err != nil {
		return err
	}
	report.Problems = append(problems, report.Problems...)
	if o.output == testJSON {
		err = output.EncodeJSON(streams.Out, newJSONTests(report))
	} else {
		err = testLook{terminal.NewLook(streams.Out, o.color, o.width), o.verbose}.write(streams.Out, report)
	}
	if err != nil {
		return fmt.Errorf("output: %w", err)
	}
	sayProblems(streams, report.Problems)
	switch {
	case len(report.Problems) > 0:
		return &failure{code: exitError}
	case chosen != nil && len(report.Subjects) == 0:
		return fmt.Errorf("--run: no fixture and no test matches %s; their names are RULE/FILE and RULE/test_NAME", o.run)
	case len(report.Subjects)+len(report.Strays) == 0:
		return fmt.Errorf("there is nothing to test in %s; suites of Gatekeeper's gator run with --gatekeeper", strings.Join(dirs, ", "))
	case report.Failed():
		return &failure{code: exitFindings}
	}
	return nil
}

// sayProblems tells what could not be tested.
func sayProblems(streams Streams, problems []*rule.Problem) {
	for _, problem := range problems {
		say(streams.Err, "error: %s\n", terminal.Clean(problem.Error()))
	}
	if len(problems) > 0 {
		say(streams.Err, "%s: not everything could be tested\n", terminal.Count(len(problems), "error"))
	}
}

// tests is the Progress of tests.
func (p *progress) tests(done, total int) { p.counted(done, total, "fixtures and tests") }

// counted shows how many of something are done.
func (p *progress) counted(done, total int, what string) {
	interval := plainInterval
	if p.isTerminal {
		interval = terminalInterval
	}
	if time.Since(p.last) < interval || done == total {
		return
	}
	p.last = time.Now()
	text := fmt.Sprintf("%d of %d %s", done, total, what)
	if !p.isTerminal {
		say(p.out, "%s\n", text)
		return
	}
	say(p.out, "\r\x1b[K%s", terminal.Cut(text, p.width-1))
}
