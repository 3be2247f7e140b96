package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
)

// completeRules completes the flags of app.RuleOptions.
func completeRules(command *cobra.Command, options *app.RuleOptions) {
	terms := func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return listElement(typed, selectorTerms(options)), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
	ruleModes := func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		name, _, hasMode := strings.Cut(typed, "=")
		if !hasMode {
			return suffixed(ruleIDs(options), "="), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		}
		var words []string
		for _, mode := range modeNames() {
			words = append(words, name+"="+mode)
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}
	directories := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	register(command, "select", terms)
	register(command, "skip", terms)
	register(command, "mode-for", ruleModes)
	register(command, "rules", directories)
	completeWords(command, "mode", modeNames()...)
}

// completeWords completes a flag that takes one of a few words.
func completeWords(command *cobra.Command, flag string, words ...string) {
	register(command, flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

func register(command *cobra.Command, flag string, complete cobra.CompletionFunc) {
	if err := command.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(err) // the flag does not exist: a mistake in this package
	}
}

// completeRuleID completes the one argument that is a rule's id.
func completeRuleID(options *app.RuleOptions) cobra.CompletionFunc {
	return func(_ *cobra.Command, arguments []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(arguments) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return ruleIDs(options), cobra.ShellCompDirectiveNoFileComp
	}
}

// everyRule loads the rules of the sources that options name, chosen or not.
func everyRule(options *app.RuleOptions) (*app.Rules, error) {
	every := *options
	every.Select, every.Skip, every.Mode, every.ModeFor = nil, nil, finding.Audit.String(), nil
	return every.Load()
}

// allRules returns the rules of the sources that options name, chosen or not.
func allRules(options *app.RuleOptions) []*rule.Rule {
	rules, err := everyRule(options)
	if err != nil {
		return nil // a completion has nowhere to complain
	}
	return rules.Set.Rules()
}

// ruleIDs returns all ids, each with its title for the shells that show it.
func ruleIDs(options *app.RuleOptions) []string {
	rules := allRules(options)
	ids := make([]string, 0, len(rules))
	for _, r := range rules {
		ids = append(ids, r.ID+"\t"+r.Title)
	}
	return ids
}

// selectorTerms returns what --select understands.
func selectorTerms(options *app.RuleOptions) []string {
	terms := ruleIDs(options)
	for _, r := range allRules(options) {
		if term := "category:" + r.Category; !slices.Contains(terms, term) {
			terms = append(terms, term)
		}
		for framework := range r.Controls {
			if term := "framework:" + framework; !slices.Contains(terms, term) {
				terms = append(terms, term)
			}
		}
	}
	for _, severity := range finding.Severities() {
		terms = append(terms, "severity:"+severity.String())
	}
	return terms
}

// listElement completes the last element of a list with commas.
func listElement(typed string, words []string) []string {
	before := typed[:strings.LastIndex(typed, ",")+1]
	elements := make([]string, len(words))
	for i, word := range words {
		elements[i] = before + word
	}
	return elements
}

// suffixed adds a suffix to words that may have a description behind a tab.
func suffixed(words []string, suffix string) []string {
	with := make([]string, len(words))
	for i, word := range words {
		name, description, _ := strings.Cut(word, "\t")
		with[i] = name + suffix + "\t" + description
	}
	return with
}

func modeNames() []string {
	return []string{finding.Deny.String(), finding.Warn.String(), finding.Audit.String(), finding.Off.String()}
}
