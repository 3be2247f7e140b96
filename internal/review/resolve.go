package review

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// ModeLabel is the label of a namespace that bounds the modes there, where the
// policy honours it.
const ModeLabel = "kubereeve.io/mode"

// Decision is the mode of a finding and what decided it.
type Decision struct {
	Mode finding.Mode
	// By says in words what decided: the rule itself, the name of an entry, the
	// namespace's label.
	By string
	// Note says what was ignored on the way; mostly empty.
	Note string
}

// What decides, beside entries.
const (
	byRule  = "the rule itself"
	byLabel = "the namespace's label " + ModeLabel
)

// Resolve returns the mode of what a rule finds on a resource, and what decided
// it: the mode that the rule's entry point has by itself, then the entries in
// their order, then the namespace's label. Without a resource, it is the mode
// that the rule has where no entry that narrows itself counts.
func (p *Policy) Resolve(r *rule.Rule, own finding.Mode, res *resource.Resource) Decision {
	if res == nil {
		res = &resource.Resource{}
		s := p.situation(res)
		s.nowhere = true
		return s.resolve(p.plan(r), own)
	}
	return p.situation(res).resolve(p.plan(r), own)
}

// situation is all that decides on the findings of one resource, whatever their
// rules. What costs something is worked out when it is first asked for.
type situation struct {
	policy    *Policy
	res       *resource.Resource
	now       time.Time
	kind      schema.GroupKind
	namespace string // "" for objects without one
	nowhere   bool   // no entry that narrows itself counts

	candidates numbers       // the entries that can count
	within     []answer      // by number of entry
	exceptions *exceptionsOf // that can cover the object; nil when none can
	// covered and uncovered are the exceptions that were asked about the object.
	covered, uncovered numbers

	labels     map[string]string // the object's
	labelsRead bool
	bound      finding.Mode // by the namespace's label
	boundRead  bool
	note       string
}

// answer is yes, no, or not asked yet.
type answer uint8

const (
	unasked answer = iota
	no
	yes
)

// situation returns what decides on a resource's findings at this moment.
func (p *Policy) situation(res *resource.Resource) *situation {
	s := &situation{policy: p, res: res, now: p.options.Clock(), kind: res.GroupKind(), namespace: res.EffectiveNamespace()}
	if s.isNamespace() {
		s.namespace = res.Name
	}
	return s
}

// isNamespace tells whether the object is a namespace itself.
func (s *situation) isNamespace() bool { return s.kind == schema.GroupKind{Kind: "Namespace"} }

// resolve returns the mode of a finding.
func (s *situation) resolve(plan *plan, own finding.Mode) Decision {
	decision := Decision{Mode: own, By: byRule}
	if s.candidates == nil {
		s.candidates = s.policy.candidates.about(s)
	}
	for n := plan.entries.last(s.candidates, len(s.policy.entries)-1); n >= 0; n = plan.entries.last(s.candidates, n-1) {
		if e := s.policy.entries[n]; s.counts(n, e) {
			decision.Mode, decision.By = e.mode, e.name
			break
		}
	}
	if bound := s.namespaceBound(); bound < decision.Mode {
		decision.Mode, decision.By = bound, byLabel
	}
	decision.Note = s.note
	return decision
}

// counts tells whether an entry counts here and now that is a candidate.
func (s *situation) counts(n int, e *entry) bool {
	if e.always {
		return true
	}
	if s.nowhere || !e.from.IsZero() && s.now.Before(e.from) {
		return false
	}
	if s.within == nil {
		s.within = make([]answer, len(s.policy.entries))
	}
	if s.within[n] == unasked {
		s.within[n] = no
		if e.where.user(s) {
			s.within[n] = yes
		}
	}
	return s.within[n] == yes
}

// namespaceBound returns the greatest mode that the namespace's label allows.
func (s *situation) namespaceBound() finding.Mode {
	if s.boundRead {
		return s.bound
	}
	s.bound, s.boundRead = finding.Deny, true
	if !s.policy.options.NamespaceLabel || s.namespace == "" {
		return s.bound
	}
	value, given := s.namespaceLabels()[ModeLabel]
	if !given {
		return s.bound
	}
	mode, err := finding.ParseMode(value)
	if err != nil || mode == finding.Deny {
		s.note = fmt.Sprintf("%s is ignored: %q is none of off, audit, warn", byLabel, value)
		return s.bound
	}
	s.bound = mode
	return s.bound
}

// namespaceLabels returns the labels of the object's namespace, which are its own
// when it is a namespace itself.
func (s *situation) namespaceLabels() labels.Set {
	if s.isNamespace() {
		return s.objectLabels()
	}
	if s.res.Namespace == nil {
		return nil
	}
	return s.res.Namespace.Labels
}

// objectLabels returns the object's own labels. Labels that cannot be read are
// none: such an object is refused before anything is resolved.
func (s *situation) objectLabels() labels.Set {
	if !s.labelsRead {
		s.labels, _ = resource.Labels(s.res.Object)
		s.labelsRead = true
	}
	return s.labels
}
