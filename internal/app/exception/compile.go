package exception

import (
	"fmt"
	"time"

	"github.com/kubereeve/reeve/api/v1alpha1"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
)

// Compiler makes of exceptions what a reviewer heeds. It remembers what it has
// compiled, so that one exception that changes does not cost as much as all. It
// is not safe for concurrent use. The zero value is ready.
type Compiler struct {
	known map[version]compiled
}

type compiled struct {
	exception review.Exception
	err       error
}

// Compile returns what a reviewer heeds, and the exceptions that cannot be used,
// with the reason.
func (c *Compiler) Compile(exceptions []*v1alpha1.RuleException) (*review.Exceptions, map[*v1alpha1.RuleException]error) {
	known := make(map[version]compiled, len(exceptions))
	usable := make([]review.Exception, 0, len(exceptions))
	refused := make(map[*v1alpha1.RuleException]error)
	for _, e := range exceptions {
		this, isKnown := c.known[versionOf(e)]
		if !isKnown || e.UID == "" { // those of files have none
			this.exception, this.err = review.ExceptionOf(e)
		}
		known[versionOf(e)] = this
		if this.err != nil {
			refused[e] = this.err
			continue
		}
		usable = append(usable, this.exception)
	}
	c.known = known
	return review.NewExceptions(usable), refused
}

// Into returns what a Watcher publishes to so that the exceptions come into a
// store.
func Into(store *review.ExceptionStore) func([]*v1alpha1.RuleException) map[*v1alpha1.RuleException]error {
	var compiler Compiler
	return func(exceptions []*v1alpha1.RuleException) map[*v1alpha1.RuleException]error {
		compiled, refused := compiler.Compile(exceptions)
		store.Store(compiled)
		return refused
	}
}

// Effect tells whether an exception can hide anything where rules are judged by a
// policy: one of the reasons of package v1alpha1, and a sentence that says the
// same.
func Effect(e *v1alpha1.RuleException, policy *review.Policy, rules *rule.Set) (reason, message string) {
	compiled, err := review.ExceptionOf(e)
	if err != nil {
		return v1alpha1.ReasonInvalid, err.Error()
	}
	return policy.Effect(compiled, rules)
}

// End returns the moment from which an exception counts no longer under a policy;
// zero means never.
func End(e *v1alpha1.RuleException, policy *review.Policy) time.Time {
	times := review.Exception{Created: e.CreationTimestamp.Time}
	if e.Spec.ExpiresAt != nil {
		times.Expires = e.Spec.ExpiresAt.Time
	}
	return policy.End(&times)
}

// Problem is what is wrong with an exception in a file, and where.
type Problem struct {
	Source  *resource.Source // nil where nobody knows
	Message string
}

// Given returns the exceptions among the objects of manifests, and what is wrong
// with those that cannot be used.
func Given(resources []*resource.Resource) (*review.Exceptions, []Problem) {
	var problems []Problem
	var exceptions []*v1alpha1.RuleException
	sources := make(map[*v1alpha1.RuleException]*resource.Source)
	for _, res := range resources {
		if res.GroupKind() != v1alpha1.RuleExceptionKind().GroupKind() {
			continue
		}
		e, err := Read(res.Object)
		if err != nil {
			problems = append(problems, Problem{res.Source, err.Error()})
			continue
		}
		e.Namespace = res.EffectiveNamespace()
		exceptions = append(exceptions, e)
		sources[e] = res.Source
	}
	compiled, refused := new(Compiler).Compile(exceptions)
	for _, e := range exceptions {
		if err := refused[e]; err != nil {
			problems = append(problems, Problem{sources[e], fmt.Sprintf("RuleException %s/%s counts for nothing: %s", e.Namespace, e.Name, err)})
		}
	}
	return compiled, problems
}
