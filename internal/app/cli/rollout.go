package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/kubereeve/reeve/internal/app/cli/output"
	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
)

// rolloutOptions are the flags of both reeve rollout commands.
type rolloutOptions struct {
	auditOptions
	replicas *replicaOptions
	to       string
	noRecent bool
}

func newRollout(streams Streams, program string) *cobra.Command {
	command := &cobra.Command{
		Use:   "rollout",
		Short: "Turn rules stricter by evidence",
		Args:  cobra.ArbitraryArgs,
		RunE:  group,
	}
	command.AddCommand(newRolloutPreview(streams, program), newRolloutStatus(streams, program))
	return command
}

func newRolloutPreview(streams Streams, program string) *cobra.Command {
	options := newRolloutOptions()
	command := &cobra.Command{
		Use:   "preview RULE [-f FILE|DIR|-]...",
		Short: "Tell what would be refused if a rule were stricter",
		Long: fmt.Sprintf(`Tell what would be refused if a rule, a glob of rules, category:NAME, severity:NAME
or framework:NAME were in mode deny everywhere: which objects of the cluster, were
they created today, by namespace and owner; which of the recent admissions that the
webhook remembers; and which exceptions hide some.

It judges by the configuration and the flags as everything else does, with one entry
more at the end. Labels of namespaces and exceptions count as they do today.

With -f, manifests are judged in place of a cluster; recent admissions are left out.

Exit codes: 0 when nothing would be refused, 2 when something would, 1 error, 64
wrong usage. What cannot be found out is an error: who knows what is missing.

  %[1]s rollout preview privileged-container --to deny
  %[1]s rollout preview framework:pss --to warn -f deploy/`, program),
		Args:              oneRule,
		ValidArgsFunction: completeRuleID(&options.rules),
	}
	options.addFlags(command)
	flags := command.Flags()
	flags.StringVar(&options.to, "to", finding.Deny.String(), "mode to preview: deny or warn")
	flags.BoolVar(&options.noRecent, "no-recent", false, "leave recent admissions out; the webhook is not asked")
	options.replicas.addFlags(command, false)
	completeWords(command, "to", finding.Deny.String(), finding.Warn.String())
	command.RunE = run(func(command *cobra.Command, arguments []string) error {
		if err := options.validate(command); err != nil {
			return err
		}
		if err := checkWord("--to", options.to, finding.Deny.String(), finding.Warn.String()); err != nil {
			return err
		}
		return options.preview(command.Context(), streams, program, arguments[0])
	})
	return command
}

func newRolloutStatus(streams Streams, program string) *cobra.Command {
	options := newRolloutOptions()
	command := &cobra.Command{
		Use:   "status [-f FILE|DIR|-]...",
		Short: "Tell how far the rollouts of the configuration are",
		Long: `Tell how far the rollouts of the configuration file are: for every rule the stage
it is in, the next one and its date, and how many violations remain in each stage,
those left out that exceptions hide.`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	options.addFlags(command)
	command.RunE = run(func(command *cobra.Command, _ []string) error {
		if err := options.validate(command); err != nil {
			return err
		}
		return options.status(command.Context(), streams, program)
	})
	return command
}

func newRolloutOptions() *rolloutOptions {
	kubeconfig := &genericclioptions.ConfigFlags{KubeConfig: new(string), Context: new(string), Namespace: new(string)}
	replicas := newReplicaOptions()
	replicas.kubeconfig = kubeconfig
	return &rolloutOptions{auditOptions: auditOptions{kubeconfig: kubeconfig}, replicas: replicas}
}

func (o *rolloutOptions) addFlags(command *cobra.Command) {
	flags := command.Flags()
	flags.SortFlags = false
	o.addSubjectFlags(flags)
	o.rules.AddFlags(flags)
	flags.StringVarP(&o.output, "output", "o", output.Table, "output format: table or json")
	flags.StringVar(&o.color, "color", terminal.ColorAuto, "colour the text: auto, always or never; auto heeds NO_COLOR")
	flags.IntVar(&o.width, "width", 0, "width of the text in columns (default: the terminal's)")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "list the files that are passed over")
	completeRules(command, &o.rules)
	completeWords(command, "output", output.Table, output.JSON)
	completeWords(command, "color", terminal.ColorAuto, terminal.ColorAlways, terminal.ColorNever)
}

// validate finds flags that have no meaning, alone or together.
func (o *rolloutOptions) validate(command *cobra.Command) error {
	if err := checkWord("--output", o.output, output.Table, output.JSON); err != nil {
		return err
	}
	return o.validateInput(command)
}

// previewed loads the rules that terms choose, with one entry more that gives them
// a mode. They must be judged at admission, or nothing would ever be refused.
func (a *audit) previewed(ctx context.Context, term string, mode finding.Mode) error {
	a.auditOptions.rules.ModeFor = append(slices.Clone(a.auditOptions.rules.ModeFor), term+"="+mode.String())
	rules, err := loadRules(ctx, &a.auditOptions.rules, a.streams.Err)
	if err != nil {
		return err
	}
	selector, err := rule.ParseSelector([]string{term})
	if err != nil {
		return usageError("%w", err)
	}
	rules.Set = rules.Set.Filter(selector.Matches)
	admitted := rules.Set.Filter(func(r *rule.Rule) bool { return r.At(finding.DoorAdmission) })
	if len(admitted.Rules()) == 0 {
		return fmt.Errorf("%s is judged in scans only; no mode makes it refuse anything", term)
	}
	rules.Set, a.rules = admitted, rules
	return nil
}
