package cli

import (
	"cmp"
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/config"
	"github.com/kubereeve/reeve/internal/rule"
)

// loadRules loads the rules that options choose. What is wrong with the
// configuration file is told line by line. Options that make no sense are wrong
// usage; where they name a rule that is not there, the error names the
// nearest ones, and what is wrong with rule files is told as well. Artifacts are
// fetched before.
func loadRules(ctx context.Context, options *app.RuleOptions, w io.Writer) (*app.Rules, error) {
	options.Fetch(ctx)
	rules, err := options.Load()
	if err == nil {
		for _, problem := range rules.Unmatched {
			say(w, "warning: %s\n", terminal.Clean(problem.Error()))
		}
		return rules, nil
	}
	if problems, ok := errors.AsType[config.Problems](err); ok {
		for _, problem := range problems {
			say(w, "error: %s\n", terminal.Clean(problem.Error()))
		}
		return nil, &failure{code: exitError}
	}
	all, loadErr := everyRule(options)
	if loadErr != nil {
		return nil, usageError("%w", err)
	}
	warn(w, all)
	names := append(slices.Clone(options.Select), options.Skip...)
	for _, text := range options.ModeFor {
		name, _, _ := strings.Cut(text, "=")
		names = append(names, name)
	}
	for _, name := range names {
		if all.Set.Rule(name) == nil && !strings.ContainsAny(name, "*?[:") {
			if hint := didYouMean(name, all.Set); hint != "" {
				return nil, usageError("%w; %s", err, hint)
			}
		}
	}
	return nil, usageError("%w", err)
}

// warn says which rules are not there, and which of them for good.
func warn(w io.Writer, rules *app.Rules) {
	for _, problem := range rules.Problems {
		say(w, "warning: %s\n", terminal.Clean(problem.Error()))
	}
	for _, problem := range rules.PassedOver {
		say(w, "note: %s\n", terminal.Clean(problem.Error()))
	}
}

// maxSuggestions is how many rules a suggestion names.
const maxSuggestions = 3

// didYouMean returns a question with the ids nearest to a name, or "" when none
// is near. It knows the names that rules have elsewhere.
func didYouMean(name string, set *rule.Set) string {
	type candidate struct {
		id       string
		distance int
	}
	wanted := normal(name)
	var near []candidate
	for _, r := range set.Rules() {
		distance := levenshtein.ComputeDistance(wanted, r.ID)
		if strings.Contains(r.ID, wanted) && len(wanted) > 2 {
			distance = min(distance, 2)
		}
		for _, alias := range r.Aliases {
			distance = min(distance, levenshtein.ComputeDistance(wanted, normal(alias)))
		}
		if distance <= max(2, len(wanted)/3) {
			near = append(near, candidate{r.ID, distance})
		}
	}
	if len(near) == 0 {
		return ""
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var ids []string
	for _, c := range near[:min(len(near), maxSuggestions)] {
		ids = append(ids, c.id)
	}
	return "did you mean " + terminal.Either(ids) + "?"
}

// normal writes a name the way ids are written.
func normal(name string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimSuffix(path.Base(name), ".rego"), "_", "-"))
}
