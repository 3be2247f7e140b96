package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/app/cli/output"
	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/scan"
)

// auditOptions are the flags of reeve audit.
type auditOptions struct {
	rules         app.RuleOptions
	files         []string
	kubeconfig    *genericclioptions.ConfigFlags
	allNamespaces bool
	output        string
	outputFile    string
	view          string
	framework     string
	color         string
	width         int
	exitZero      bool
	verbose       bool
}

// audit is one run of reeve audit.
type audit struct {
	*auditOptions
	streams   Streams
	program   string // as people call it
	rules     *app.Rules
	reviewer  *review.Reviewer
	inventory *engine.Inventory
	report    output.Report
	told      map[output.Failure]bool // what stands on standard error already
	excepted  map[string]int          // findings hidden, by the exception's namespace and name
	// admitting judges objects as if each were created now, instead of as a scan.
	admitting bool
	// kept is given every verdict that is added to the report; nil for none.
	kept func(finding.Verdict)
}

func newAudit(streams Streams, program string) *cobra.Command {
	options := &auditOptions{kubeconfig: &genericclioptions.ConfigFlags{
		KubeConfig: new(string), Context: new(string), Namespace: new(string),
	}}
	command := &cobra.Command{
		Use:   "audit [-f FILE|DIR|-]...",
		Short: "Judge manifests, or what a cluster holds",
		Long: fmt.Sprintf(`Judge manifests, or what a cluster holds.

With -f, the manifests of files, of directories (*.yaml, *.yml and *.json, read
recursively) or of standard input are judged. They are taken for everything
there is: a rule that asks for a NetworkPolicy looks for it among them.

Without -f, the cluster of the kubeconfig is judged: all its namespaces, or the
one that --namespace names.

-o writes the report as a table, as wide (a line per finding, nothing cut), or for
programs and people elsewhere: json, yaml, csv, markdown (a comment on a pull
request), sarif (code scanning), junit (CI servers), html (one file to read and
print). With --output-file the report goes to a file, and the table to standard
output as ever.

--framework asks only the rules that serve a framework of controls (pss, nsa,
cis, or one your own rules name) and tells which controls passed, which failed
and which were not assessed. The score is
  %[1]s.

--view shows the result the way users of kubeeye or leak-detector know it, with
their names; with -o wide, kubeeye has a line per finding with level and reason.

Exit codes: 0 no findings, 2 findings, 1 error, 64 wrong usage. An error wins
over findings, because the result is not complete then.`, output.ScoreFormula),
		Example: fmt.Sprintf(`  %[1]s audit -f deploy/
  helm template my-chart | %[1]s audit -f -
  %[1]s audit --context staging -n shop --select severity:critical,severity:high
  %[1]s audit -f deploy/ -o sarif --output-file reeve.sarif
  %[1]s audit -o html --output-file report.html
  %[1]s audit --framework pss
  %[1]s audit -o json | jq '.findings[] | select(.rule == "host-network")'`, program),
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	options.addFlags(command)
	command.RunE = run(func(command *cobra.Command, _ []string) error {
		if err := options.validate(command); err != nil {
			return err
		}
		return newAuditRun(options, streams, program).run(command.Context())
	})
	return command
}

func (o *auditOptions) addFlags(command *cobra.Command) {
	flags := command.Flags()
	flags.SortFlags = false
	o.addSubjectFlags(flags)
	flags.BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "judge all namespaces of the cluster (the default)")
	o.rules.AddFlags(flags)
	flags.StringVarP(&o.output, "output", "o", output.Table, "output format: "+terminal.Either(output.Formats()))
	flags.StringVar(&o.outputFile, "output-file", "", "write the report to this file, and the table to standard output")
	flags.StringVar(&o.framework, "framework", "", "report by the controls of a framework: pss, nsa or cis")
	flags.StringVar(&o.view, "view", "", "report in the form of another tool: "+terminal.Either(output.Views()))
	flags.StringVar(&o.color, "color", terminal.ColorAuto, "colour the table: auto, always or never; auto heeds NO_COLOR")
	flags.IntVar(&o.width, "width", 0, "width of the table in columns (default: the terminal's)")
	flags.BoolVar(&o.exitZero, "exit-zero", false, "exit with 0 although there are findings; errors still exit with 1")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "list the files that were passed over, and the exceptions that hide findings")
	completeRules(command, &o.rules)
	completeWords(command, "output", output.Formats()...)
	completeWords(command, "view", output.Views()...)
	register(command, "framework", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return frameworkNames(&o.rules), cobra.ShellCompDirectiveNoFileComp
	})
	completeWords(command, "color", terminal.ColorAuto, terminal.ColorAlways, terminal.ColorNever)
}

// validate finds flags that have no meaning, alone or together.
func (o *auditOptions) validate(command *cobra.Command) error {
	if err := o.validateOutput(command); err != nil {
		return err
	}
	return o.validateInput(command)
}

// addSubjectFlags adds the flags that say what is judged.
func (o *auditOptions) addSubjectFlags(flags *pflag.FlagSet) {
	flags.StringArrayVarP(&o.files, "filename", "f", nil, "file, directory or - for standard input (repeatable); without it the cluster is judged")
	o.kubeconfig.AddFlags(flags)
	flags.Lookup("namespace").Usage = "with -f: namespace of the objects that name none; else the one namespace to judge"
}

// validateInput finds flags on what is judged, and how it looks, that have no
// meaning.
func (o *auditOptions) validateInput(command *cobra.Command) error {
	if err := checkWord("--color", o.color, terminal.ColorAuto, terminal.ColorAlways, terminal.ColorNever); err != nil {
		return err
	}
	if o.width < 0 {
		return usageError("--width: %d is not a width", o.width)
	}
	if slices.Contains(o.files, "") {
		return usageError("--filename: the name is empty")
	}
	if o.allNamespaces && *o.kubeconfig.Namespace != "" {
		return usageError("--all-namespaces and --namespace exclude each other")
	}
	for _, name := range []string{"kubeconfig", "context", "all-namespaces"} {
		if len(o.files) > 0 && command.Flags().Changed(name) {
			return usageError("--%s speaks of a cluster, and --filename of files; use one of them", name)
		}
	}
	return nil
}

func newAuditRun(options *auditOptions, streams Streams, program string) *audit {
	return &audit{auditOptions: options, streams: streams, program: program, inventory: engine.NewInventory(),
		told: make(map[output.Failure]bool), excepted: make(map[string]int)}
}

func (a *audit) run(ctx context.Context) error {
	var err error
	if a.rules, err = loadRules(ctx, &a.auditOptions.rules, a.streams.Err); err != nil {
		return err
	}
	all, err := a.askFramework()
	if err != nil {
		return err
	}
	if err := a.gather(ctx); err != nil {
		return err
	}
	a.report.Sort()
	if err := a.write(all); err != nil {
		return fmt.Errorf("output: %w", err)
	}
	a.sayExcepted()
	a.sayErrors()
	return a.end()
}

// gather has the loaded rules judge files or the cluster.
func (a *audit) gather(ctx context.Context) (err error) {
	if a.reviewer, err = a.rules.Reviewer(engine.Options{Inventory: a.inventory, Deadline: app.ScanDeadline}); err != nil {
		return err
	}
	warn(a.streams.Err, a.rules)
	a.report.Rules, a.report.Program = a.rules.Set, a.program
	for _, problem := range a.rules.Problems {
		failure := output.Failure{File: problem.File, Line: problem.Line, Message: problem.Message}
		a.told[failure] = true
		a.report.Failures = append(a.report.Failures, failure)
	}
	if len(a.files) > 0 {
		return a.judgeFiles(ctx)
	}
	return a.judgeCluster(ctx)
}

// judging returns who judges objects.
func (a *audit) judging() scan.Reviewer {
	if a.admitting {
		return admitting{a.reviewer}
	}
	return a.reviewer
}

// admitting judges what exists as if it were created.
type admitting struct{ *review.Reviewer }

// Judges tells whether a resource of this kind could have findings when created.
func (r admitting) Judges(res *resource.Resource) bool { return r.Reviewer.Judges(created(res)) }

// Review returns what would be found on a resource when it is created.
func (r admitting) Review(ctx context.Context, res *resource.Resource) (finding.Verdict, error) {
	return r.Reviewer.Review(ctx, created(res))
}

func created(res *resource.Resource) *resource.Resource {
	creation := *res
	creation.Operation = resource.Create
	return &creation
}

// end returns the failure with the audit's exit code.
func (a *audit) end() error {
	switch {
	case len(a.report.Failures) > 0:
		return &failure{code: exitError}
	case len(a.report.Findings) > 0 && !a.exitZero:
		return &failure{code: exitFindings}
	}
	return nil
}

func checkWord(flag, value string, words ...string) error {
	if slices.Contains(words, value) {
		return nil
	}
	return usageError("%s: %q is unknown; use %s", flag, value, terminal.Either(words))
}
