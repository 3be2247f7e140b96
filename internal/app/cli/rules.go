package cli

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/app/cli/output"
	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
)

// rulesOptions are the flags of the commands on rules.
type rulesOptions struct {
	rules  app.RuleOptions
	output string
	color  string
	width  int
}

func newRules(streams Streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "rules",
		Short: "List and explain rules",
		Args:  cobra.ArbitraryArgs,
		RunE:  group,
	}
	command.AddCommand(newRulesList(streams), newRulesShow(streams), newRulesExplain(streams), newRulesNew(streams))
	return command
}

func newRulesList(streams Streams) *cobra.Command {
	options := &rulesOptions{}
	command := &cobra.Command{
		Use:               "list",
		Short:             "List the rules",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	options.addFlags(command)
	command.RunE = run(func(command *cobra.Command, _ []string) error {
		set, policy, problems, err := options.load(command.Context(), streams.Err)
		if err != nil {
			return err
		}
		if options.output == output.JSON {
			list := make([]jsonRule, 0, len(set.Rules()))
			for _, r := range set.Rules() {
				list = append(list, newJSONRule(r, policy))
			}
			err = output.EncodeJSON(streams.Out, list)
		} else {
			err = look{terminal.NewLook(streams.Out, options.color, options.width)}.list(streams.Out, set, policy)
		}
		return incomplete(err, problems)
	})
	return command
}

func newRulesShow(streams Streams) *cobra.Command {
	options := &rulesOptions{}
	command := &cobra.Command{
		Use:               "show RULE",
		Short:             "Tell everything about one rule, and how to fix what it finds",
		Args:              oneRule,
		ValidArgsFunction: completeRuleID(&options.rules),
	}
	options.addFlags(command)
	command.RunE = run(func(command *cobra.Command, arguments []string) error {
		set, policy, _, err := options.load(command.Context(), streams.Err)
		if err != nil {
			return err
		}
		r, err := findRule(set, arguments[0])
		if err != nil {
			return err
		}
		if options.output == output.JSON {
			return output.EncodeJSON(streams.Out, newJSONRule(r, policy))
		}
		return look{terminal.NewLook(streams.Out, options.color, options.width)}.show(streams.Out, r, policy)
	})
	return command
}

func (o *rulesOptions) addFlags(command *cobra.Command) {
	flags := command.Flags()
	flags.SortFlags = false
	o.rules.AddFlags(flags)
	flags.StringVarP(&o.output, "output", "o", output.Table, "output format: table or json")
	flags.StringVar(&o.color, "color", terminal.ColorAuto, "colour the text: auto, always or never; auto heeds NO_COLOR")
	flags.IntVar(&o.width, "width", 0, "width of the text in columns (default: the terminal's)")
	completeRules(command, &o.rules)
	completeWords(command, "output", output.Table, output.JSON)
	completeWords(command, "color", terminal.ColorAuto, terminal.ColorAlways, terminal.ColorNever)
}

// load returns the chosen rules, those that are switched off included, and what
// is wrong with rule files, which it has told on w.
func (o *rulesOptions) load(ctx context.Context, w io.Writer) (*rule.Set, *review.Policy, []*rule.Problem, error) {
	if err := checkWord("--output", o.output, output.Table, output.JSON); err != nil {
		return nil, nil, nil, err
	}
	if err := checkWord("--color", o.color, terminal.ColorAuto, terminal.ColorAlways, terminal.ColorNever); err != nil {
		return nil, nil, nil, err
	}
	chosen, err := loadRules(ctx, &o.rules, w)
	if err != nil {
		return nil, nil, nil, err
	}
	all := o.rules
	all.Mode, all.ModeFor = finding.Audit.String(), nil
	rules, err := all.Load()
	if err != nil {
		return nil, nil, nil, err
	}
	// Compiling them finds what reading them does not.
	if _, err := rules.Reviewer(engine.Options{}); err != nil {
		return nil, nil, nil, err
	}
	warn(w, rules)
	return rules.Set, chosen.Policy, rules.Problems, nil
}

// incomplete ends a command whose rules are not all there.
func incomplete(err error, problems []*rule.Problem) error {
	if err == nil && len(problems) > 0 {
		return &failure{code: exitError}
	}
	return err
}

// kindsOf returns the kinds a rule judges as its metadata writes them, workload
// standing for all that have a pod template.
func kindsOf(r *rule.Rule, name func(schema.GroupKind) string) []string {
	var names []string
	if r.Template {
		names = append(names, "workload")
	}
	for _, kind := range r.Kinds {
		if !r.Template || !isWorkload(kind) {
			names = append(names, name(kind))
		}
	}
	return names
}

func shortKind(kind schema.GroupKind) string { return kind.Kind }

// list writes a table of rules.
func (l look) list(w io.Writer, set *rule.Set, policy *review.Policy) error {
	const kindsWidth = 28
	withKinds := l.Width >= 100
	idWidth, categoryWidth := len("RULE"), len("CATEGORY")
	for _, r := range set.Rules() {
		idWidth, categoryWidth = max(idWidth, terminal.Width(r.ID)), max(categoryWidth, terminal.Width(r.Category))
	}
	var out strings.Builder
	row := func(severity, id, category, mode, kinds, title string) string {
		columns := []string{terminal.Pad(severity, 8), terminal.Pad(id, idWidth), terminal.Pad(category, categoryWidth), terminal.Pad(mode, 5)}
		if withKinds {
			columns = append(columns, terminal.Pad(terminal.Cut(kinds, kindsWidth), kindsWidth))
		}
		return strings.TrimRight(terminal.Cut(strings.Join(append(columns, title), "  "), l.Width), " ")
	}
	out.WriteString(l.Paint(terminal.Faint, row("SEVERITY", "RULE", "CATEGORY", "MODE", "KINDS", "TITLE")) + "\n")
	for _, r := range set.Rules() {
		severity := r.Severity.String()
		text := row(severity, r.ID, r.Category, policy.Resolve(r, r.Mode, nil).Mode.String(), strings.Join(kindsOf(r, shortKind), ", "), terminal.Clean(r.Title))
		out.WriteString(l.Severity(r.Severity, severity) + strings.TrimPrefix(text, severity) + "\n")
	}
	out.WriteString(l.Paint(terminal.Bold, terminal.Count(len(set.Rules()), "rule")) + "\n")
	_, err := io.WriteString(w, out.String())
	return err
}
