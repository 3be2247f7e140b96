// Package review turns what rules find on a resource into a verdict: it chooses
// the rules to ask, and decides what each finding does. Every door judges
// through it.
package review

import (
	"context"
	"errors"
	"fmt"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// Reviewer judges resources. It is immutable and safe for concurrent use.
type Reviewer struct {
	engine *engine.Engine
	policy *Policy
	plans  map[*rule.Rule]*plan
}

// New returns a reviewer of an engine's rules, whose findings do what a policy
// says.
func New(engine *engine.Engine, policy *Policy) *Reviewer {
	r := &Reviewer{engine: engine, policy: policy, plans: make(map[*rule.Rule]*plan)}
	for _, known := range engine.Set().Rules() {
		r.plans[known] = policy.plan(known)
	}
	return r
}

// ErrObject says that the object itself cannot be judged.
var ErrObject = errors.New("the object cannot be parsed")

// Revision identifies the rules that resources are judged by.
func (r *Reviewer) Revision() string { return r.engine.Set().Revision() }

// Judges tells whether a resource of this kind could have findings; when not,
// Review need not be called.
func (r *Reviewer) Judges(res *resource.Resource) bool {
	return r.engine.Judges(res.GroupKind(), scope(res))
}

// Review judges a resource. Findings of mode off are dropped. It fails with
// ErrObject only; rules that cannot answer are in the verdict's errors.
func (r *Reviewer) Review(ctx context.Context, res *resource.Resource) (finding.Verdict, error) {
	matches, failures, err := r.engine.Evaluate(ctx, res, scope(res))
	if err != nil {
		return finding.Verdict{}, fmt.Errorf("%w: %w", ErrObject, err)
	}
	verdict := finding.Verdict{Resource: res, Errors: failures}
	if len(matches) == 0 {
		return verdict, nil
	}
	verdict.Findings = make([]finding.Finding, 0, len(matches))
	situation := r.policy.situation(res)
	for _, match := range matches {
		mode := situation.resolve(r.plan(match.Rule), match.Mode).Mode
		if mode == finding.Off {
			continue
		}
		verdict.Findings = append(verdict.Findings, finding.Finding{
			Rule:        match.Rule.ID,
			Severity:    match.Rule.Severity,
			Mode:        mode,
			Resource:    res.Identity,
			Container:   match.Container,
			Path:        match.Path,
			Message:     match.Message,
			Remediation: match.Rule.Remediation,
			Source:      res.Source,
		})
	}
	finding.Sort(verdict.Findings)
	return verdict, nil
}

// plan returns what the policy says of a rule.
func (r *Reviewer) plan(found *rule.Rule) *plan {
	if plan := r.plans[found]; plan != nil {
		return plan
	}
	return r.policy.plan(found)
}

// scope chooses the rules to ask. What a workload's controller made in the
// cluster is not reported a second time in a scan.
func scope(res *resource.Resource) engine.Scope {
	if res.Operation != resource.Scan {
		return engine.Admission
	}
	if res.Owner != nil {
		if _, isWorkload := resource.TemplatePath(res.Owner.GroupKind); isWorkload {
			return engine.ScanOwned
		}
	}
	return engine.Scan
}
