package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kubereeve/reeve/internal/config"
	"github.com/kubereeve/reeve/internal/rule"
)

// Check holds the configuration against the rules it speaks of. Wrong are
// parameters that no rule has, and values of another type than the parameter's.
// Missing are the names that match no rule of the set: typing errors, or rules
// that are not loaded.
func (c *Configuration) Check(set *rule.Set) (wrong, missing config.Problems) {
	if c.document == nil {
		return nil, nil
	}
	check := &configurationCheck{document: c.document, set: set}
	for i, entry := range c.Complete.Modes {
		at := fmt.Sprintf("modes[%d]", i)
		rules := check.rules(at+".rules", entry.Rules)
		for _, name := range slices.Sorted(maps.Keys(entry.Parameters)) {
			check.parameter(at, name, entry.Parameters[name], rules)
		}
	}
	for i, rollout := range c.Complete.Rollouts {
		check.rules(fmt.Sprintf("rollouts[%d].rules", i), rollout.Rules)
	}
	for i, failure := range c.Complete.Failure.Rules {
		check.rules(fmt.Sprintf("failure.rules[%d].rules", i), failure.Rules)
	}
	for i, directory := range c.Complete.Rules.Directories {
		if directory.Trusted != nil {
			check.builtins(fmt.Sprintf("rules.directories[%d].trusted.builtins", i), directory.Trusted.Builtins)
		}
	}
	check.rules("exceptions.rules", c.Complete.Exceptions.Rules)
	check.rules("exceptions.never", c.Complete.Exceptions.Never)
	return check.wrong, check.missing
}

// configurationCheck finds what a file says of rules that is not so.
type configurationCheck struct {
	document       *config.Document
	set            *rule.Set
	wrong, missing config.Problems
}

// rules returns the rules that terms choose, and notes terms that choose none.
func (c *configurationCheck) rules(at string, terms []string) []*rule.Rule {
	var chosen []*rule.Rule
	for i, term := range terms {
		selector, err := rule.ParseSelector([]string{term})
		if err != nil {
			c.wrong = append(c.wrong, c.document.Problem(fmt.Sprintf("%s[%d]", at, i), err.Error()))
			continue
		}
		before := len(chosen)
		for _, r := range c.set.Rules() {
			if selector.Matches(r) {
				chosen = append(chosen, r)
			}
		}
		if len(chosen) == before && term != "*" {
			message := fmt.Sprintf("no rule matches %s; %s", term, c.remedy(term))
			c.missing = append(c.missing, c.document.Problem(fmt.Sprintf("%s[%d]", at, i), message))
		}
	}
	return chosen
}

// remedy says what to do about a term that chooses no rule.
func (c *configurationCheck) remedy(term string) string {
	kind, value, hasKind := strings.Cut(term, ":")
	words := make(map[string]bool)
	for _, r := range c.set.Rules() {
		switch {
		case !hasKind && !strings.ContainsAny(term, "*?["):
			words[r.ID] = true
		case kind == "category":
			words[r.Category] = true
		case kind == "framework":
			for framework := range r.Controls {
				words[framework] = true
			}
		}
	}
	if !hasKind {
		value = term
	}
	if near := config.Nearest(value, slices.Sorted(maps.Keys(words))); near != "" {
		return "did you mean " + strings.TrimSuffix(term, value) + near + "?"
	}
	return "reeve rules list lists them all"
}

// parameter checks the value of a parameter of some rules.
func (c *configurationCheck) parameter(at, name string, value any, rules []*rule.Rule) {
	path := config.Join(at+".parameters", name)
	known := false
	for _, r := range rules {
		parameter, has := r.Parameters[name]
		if !has {
			continue
		}
		known = true
		if err := parameter.Check(value); err != nil {
			c.wrong = append(c.wrong, c.document.Problem(path, fmt.Sprintf("%s (rule %s)", err, r.ID)))
		}
	}
	if known || len(rules) == 0 {
		return
	}
	names := parameterNames(rules)
	remedy := "remove it"
	switch near := config.Nearest(name, names); {
	case near != "":
		remedy = "did you mean " + near + "?"
	case len(names) > 0:
		remedy = "there are " + strings.Join(names, ", ")
	}
	c.wrong = append(c.wrong, c.document.Problem(path, "none of the rules has such a parameter; "+remedy))
}

// builtins checks functions that rules are to be trusted with.
func (c *configurationCheck) builtins(at string, names []string) {
	for i, name := range names {
		if !rule.Restricted(name) {
			c.wrong = append(c.wrong, c.document.Problem(fmt.Sprintf("%s[%d]", at, i), fmt.Sprintf("%q is no function that needs trust; remove it", name)))
		}
	}
}
