package review

import (
	"fmt"
	"slices"
	"time"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// Explanation says how the mode of what a rule finds on a resource comes about.
type Explanation struct {
	// Steps are all that could decide, in the order in which they apply: the rule
	// itself, entries about it that set a mode, and the namespace's label.
	Steps []Step
	// Decision is what comes of them, before exceptions and what else is about one
	// finding and not about the rule.
	Decision Decision
	// Exceptable tells whether exceptions may cover the rule there, and Protected
	// that they may not because of the namespace.
	Exceptable, Protected bool
	// DenyOnError tells whether a request is refused that the rule cannot judge.
	DenyOnError bool
}

// Step is one thing that could decide.
type Step struct {
	// Name is that of the entry, or what else decides.
	Name string
	Mode finding.Mode
	// Counts tells that the step matches; Decides that the mode is by it.
	Counts, Decides bool
	// Why says why the step does not count.
	Why string
}

// Explain tells how the mode of what a rule's entry point finds on a resource,
// with the mode own by itself, comes about.
func (p *Policy) Explain(r *rule.Rule, own finding.Mode, res *resource.Resource) Explanation {
	s, plan := p.situation(res), p.plan(r)
	decision := s.resolve(plan, own)
	explanation := Explanation{
		Decision:   decision,
		Exceptable: plan.excepted,
		Protected:  p.protected.Match(res.EffectiveNamespace()),
		Steps:      []Step{{Name: byRule, Mode: own, Counts: true}},
	}
	for n, e := range p.entries {
		if !matches(e.rules, r) {
			continue
		}
		step := Step{Name: e.name, Mode: e.mode, Counts: s.candidates.has(n) && s.counts(n, e)}
		if !step.Counts {
			step.Why = e.why(s)
		}
		explanation.Steps = append(explanation.Steps, step)
	}
	last := len(explanation.Steps) - 1
	for ; !explanation.Steps[last].Counts; last-- { // the rule itself counts
	}
	if bound := s.namespaceBound(); bound < finding.Deny {
		label := Step{Name: byLabel, Mode: bound, Counts: true, Decides: decision.By == byLabel}
		if !label.Decides {
			label.Why = "it lowers nothing here"
		}
		explanation.Steps = append(explanation.Steps, label)
	}
	explanation.Steps[last].Decides = decision.By != byLabel
	explanation.DenyOnError = plan.denyOnError && decision.Mode == finding.Deny
	return explanation
}

// why says why an entry does not count.
func (e *entry) why(s *situation) string {
	w := &e.where
	switch {
	case s.now.Before(e.from):
		return "it counts from " + e.from.UTC().Format(time.RFC3339)
	case !w.operation(s):
		return fmt.Sprintf("it is about other operations than %s", s.res.Operation)
	case !kindsMatch(w.kinds, s.kind):
		return "it is about other kinds than " + s.kind.String()
	case s.namespace == "" && !w.namespace(s):
		return "it is about objects in namespaces"
	case !w.named(s):
		return "it is about other namespaces than " + s.namespace
	case !w.namespace(s):
		return "it is about namespaces with other labels"
	case s.res.User == nil:
		return "it is about some users, and there is none"
	}
	return "it is about other users than " + s.res.User.Name
}

// Next returns the modes that entries about a rule will set from a later moment
// on, the next one first.
func (p *Policy) Next(r *rule.Rule) []Change {
	now := p.options.Clock()
	var changes []Change
	for _, e := range p.entries {
		if matches(e.rules, r) && now.Before(e.from) {
			changes = append(changes, Change{Name: e.name, Mode: e.mode, From: e.from})
		}
	}
	slices.SortStableFunc(changes, func(a, b Change) int { return a.From.Compare(b.From) })
	return changes
}

// Change is the mode that an entry will set.
type Change struct {
	Name string
	Mode finding.Mode
	From time.Time
}
