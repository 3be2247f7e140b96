package review

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubereeve/reeve/api/v1alpha1"
	"github.com/kubereeve/reeve/internal/glob"
	"github.com/kubereeve/reeve/internal/rule"
)

// Exception is a compiled RuleException: it hides what some rules find on some
// objects of its namespace. It is not changed once made.
type Exception struct {
	Namespace, Name string
	Reason          string
	// Expires is the moment from which it counts no longer; zero means never.
	Expires time.Time
	// Created is when it was created; zero when nobody knows, as in files.
	Created time.Time

	rules      glob.List
	kinds      []kindGlob
	names      glob.List
	labels     labels.Selector // nil means any
	containers glob.List
}

// ExceptionOf compiles a RuleException. It fails as NewException does.
func ExceptionOf(object *v1alpha1.RuleException) (Exception, error) {
	e, err := NewException(object.Namespace, object.Name, object.Spec)
	e.Created = object.CreationTimestamp.Time
	return e, err
}

// NewException compiles the spec of a RuleException. It fails when nothing can be
// excepted by it, and names the field.
func NewException(namespace, name string, spec v1alpha1.RuleExceptionSpec) (Exception, error) {
	e := Exception{Namespace: namespace, Name: name, Reason: strings.TrimSpace(spec.Reason)}
	switch {
	case namespace == "":
		return e, errors.New("metadata.namespace is missing; an exception covers objects of its own namespace")
	case len(spec.Rules) == 0:
		return e, errors.New("spec.rules is empty; name the rules to except, by ids or globs of ids")
	case e.Reason == "":
		return e, errors.New("spec.reason is missing; say why the findings are accepted")
	}
	var err error
	if e.rules, err = glob.CompileAll(spec.Rules); err != nil {
		return e, fmt.Errorf("spec.rules: %w", err)
	}
	if e.kinds, err = compileKinds(spec.Match.Kinds); err != nil {
		return e, fmt.Errorf("spec.match.kinds: %w", err)
	}
	if e.names, err = glob.CompileAll(spec.Match.Names); err != nil {
		return e, fmt.Errorf("spec.match.names: %w", err)
	}
	if e.containers, err = glob.CompileAll(spec.Match.Containers); err != nil {
		return e, fmt.Errorf("spec.match.containers: %w", err)
	}
	if spec.Match.LabelSelector != nil {
		if e.labels, err = metav1.LabelSelectorAsSelector(spec.Match.LabelSelector); err != nil {
			return e, fmt.Errorf("spec.match.labelSelector: %w", err)
		}
	}
	if spec.ExpiresAt != nil {
		e.Expires = spec.ExpiresAt.Time
	}
	return e, nil
}

// End returns the moment from which an exception counts no longer under the
// policy; zero means never.
func (p *Policy) End(e *Exception) time.Time {
	if p.options.MaxExcepted == 0 || e.Created.IsZero() {
		return e.Expires
	}
	limit := e.Created.Add(p.options.MaxExcepted)
	if e.Expires.IsZero() || e.Expires.After(limit) {
		return limit
	}
	return e.Expires
}

// expired tells whether an exception counts no longer at a moment.
func (p *Policy) expired(e *Exception, at time.Time) bool {
	end := p.End(e)
	return !end.IsZero() && !at.Before(end)
}

// Names tells whether the exception is about a rule.
func (e *Exception) Names(r *rule.Rule) bool { return e.rules.Match(r.ID) }

// covers tells whether the exception is about an object of its namespace. The
// cheap questions come first.
func (e *Exception) covers(s *situation) bool {
	return kindsMatch(e.kinds, s.kind) &&
		(e.names == nil || e.names.Match(s.res.Name)) &&
		(e.labels == nil || e.labels.Matches(s.objectLabels()))
}

// blames tells whether the exception is about what is found on a container; ""
// for findings that blame none.
func (e *Exception) blames(container string) bool {
	return e.containers == nil || container != "" && e.containers.Match(container)
}

// Effect tells whether an exception can hide anything where a set of rules is
// judged by the policy: one of the reasons of package v1alpha1, and a sentence
// that says the same to people.
func (p *Policy) Effect(e Exception, set *rule.Set) (reason, message string) {
	if p.protected.Match(e.Namespace) {
		return v1alpha1.ReasonProtectedNamespace, fmt.Sprintf("nothing is excepted in the protected namespace %s", e.Namespace)
	}
	named, barred := 0, []string(nil)
	for _, r := range set.Rules() {
		if e.Names(r) {
			named++
			if !p.exceptable(r) {
				barred = append(barred, r.ID)
			}
		}
	}
	switch {
	case named == 0:
		return v1alpha1.ReasonUnknownRule, "there is no rule that the exception names; see reeve rules list"
	case len(barred) == named:
		return v1alpha1.ReasonNotExceptable, "the configuration allows no exceptions from " + listed(barred)
	case p.expired(&e, p.options.Clock()):
		return v1alpha1.ReasonExpired, "it has expired at " + p.End(&e).UTC().Format(time.RFC3339)
	case len(barred) > 0:
		return v1alpha1.ReasonInForce, "it counts, but the configuration allows no exceptions from " + listed(barred)
	}
	return v1alpha1.ReasonInForce, "it counts"
}

// listed names rules, a few of many.
func listed(ids []string) string {
	const most = 10
	if len(ids) <= most {
		return strings.Join(ids, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(slices.Clone(ids[:most]), ", "), len(ids)-most)
}
