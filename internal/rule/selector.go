package rule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/glob"
)

// Selector chooses rules by id, glob of ids, category, severity or framework.
type Selector struct {
	terms []selectorTerm
}

type selectorTerm struct {
	text    string
	matches func(*Rule) bool
}

// ParseSelector reads terms such as privileged-container, host-*,
// gatekeeper/*, category:rbac, severity:high or framework:pss. A rule is chosen
// when any term matches. It fails on the first term that cannot be read.
func ParseSelector(texts []string) (Selector, error) {
	var selector Selector
	for _, text := range texts {
		matches, err := parseTerm(text)
		if err != nil {
			return Selector{}, err
		}
		selector.terms = append(selector.terms, selectorTerm{text, matches})
	}
	return selector, nil
}

func parseTerm(text string) (func(*Rule) bool, error) {
	kind, value, hasKind := strings.Cut(text, ":")
	switch {
	case !hasKind:
		ids, err := glob.Compile(text)
		if err != nil {
			return nil, fmt.Errorf("%q is not a rule id or a glob of ids", text)
		}
		return func(r *Rule) bool { return ids.Match(r.ID) }, nil
	case kind == "category":
		return func(r *Rule) bool { return r.Category == value }, nil
	case kind == "severity":
		severity, err := finding.ParseSeverity(value)
		return func(r *Rule) bool { return r.Severity == severity }, err
	case kind == "framework":
		return func(r *Rule) bool { return len(r.Controls[value]) > 0 }, nil
	}
	return nil, fmt.Errorf("%q: use a rule id, a glob of ids, category:NAME, severity:NAME or framework:NAME", text)
}

// Empty tells whether the selector has no terms.
func (s Selector) Empty() bool { return len(s.terms) == 0 }

// String returns the terms as they were written.
func (s Selector) String() string {
	texts := make([]string, len(s.terms))
	for i, term := range s.terms {
		texts[i] = term.text
	}
	return strings.Join(texts, ", ")
}

// Matches tells whether any term matches a rule.
func (s Selector) Matches(r *Rule) bool {
	return slices.ContainsFunc(s.terms, func(t selectorTerm) bool { return t.matches(r) })
}

// Unmatched returns the terms that match no rule of a set: most likely typing
// errors.
func (s Selector) Unmatched(set *Set) []string {
	var unmatched []string
	for _, term := range s.terms {
		if !slices.ContainsFunc(set.Rules(), term.matches) {
			unmatched = append(unmatched, term.text)
		}
	}
	return unmatched
}
