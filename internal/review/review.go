// Package review turns what rules find on a resource into a verdict: it chooses
// the rules to ask, and decides what each finding does. Every door judges
// through it.
package review

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// Reviewer judges resources. It is immutable and safe for concurrent use.
type Reviewer struct {
	engine     *engine.Engine
	policy     *Policy
	plans      map[*rule.Rule]*plan
	exceptions ExceptionSource // nil for none
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

// Excepting returns a reviewer that differs in that it heeds the exceptions that
// a source has at the moment of each review.
func (r *Reviewer) Excepting(source ExceptionSource) *Reviewer {
	excepting := *r
	excepting.exceptions = source
	return &excepting
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

// Review judges a resource and decides what each finding does: the mode that the
// rule has by itself, the policy's entries and the namespace's label, exceptions,
// what the object violated before its update, and whether it is being deleted
// decide in this order. Findings of mode off are dropped. It fails with ErrObject
// only; rules that cannot answer are in the verdict's errors.
func (r *Reviewer) Review(ctx context.Context, res *resource.Resource) (finding.Verdict, error) {
	matches, failures, err := r.engine.Evaluate(ctx, res, scope(res))
	if err != nil {
		return finding.Verdict{}, fmt.Errorf("%w: %w", ErrObject, err)
	}
	verdict := finding.Verdict{Resource: res}
	if len(matches)+len(failures) == 0 {
		return verdict, nil
	}
	situation := r.policy.situation(res)
	situation.exceptable(r.exceptions)
	r.decide(situation, &verdict, matches)
	r.fail(situation, &verdict, failures)
	if denies(&verdict) {
		if terminating(res) {
			relax(&verdict)
		} else if r.policy.options.ExistingViolations {
			r.soften(ctx, &verdict)
		}
	}
	finding.Sort(verdict.Findings)
	slices.SortStableFunc(verdict.Excepted, func(a, b finding.Excepted) int { return finding.Compare(&a.Finding, &b.Finding) })
	return verdict, nil
}

// decide puts matches into a verdict, each with its mode, or as excepted.
func (r *Reviewer) decide(s *situation, verdict *finding.Verdict, matches []engine.Match) {
	if len(matches) > 0 {
		verdict.Findings = make([]finding.Finding, 0, len(matches))
	}
	for _, match := range matches {
		plan := r.plan(match.Rule)
		mode := s.resolve(plan, match.Mode).Mode
		if mode == finding.Off {
			continue
		}
		found := finding.Finding{
			Rule:        match.Rule.ID,
			Severity:    severity(match),
			Mode:        mode,
			Resource:    s.res.Identity,
			Container:   match.Container,
			Path:        match.Path,
			Message:     match.Message,
			Remediation: match.Rule.Remediation,
			Source:      s.res.Source,
		}
		hides, expired := s.except(plan, match.Rule.ID, match.Container)
		if hides != nil {
			verdict.Excepted = append(verdict.Excepted, finding.Excepted{Exception: hides.Name, Finding: found})
			continue
		}
		if expired != nil {
			found.ExpiredException = expired.Name
		}
		verdict.Findings = append(verdict.Findings, found)
	}
}

// fail puts failures into a verdict. A rule that cannot judge an object does at
// most what its findings would do there: where it is off or excepted, nothing.
func (r *Reviewer) fail(s *situation, verdict *finding.Verdict, failures []finding.RuleError) {
	for _, failure := range failures {
		if failed := r.engine.Set().Rule(failure.Rule); failed != nil {
			plan, mode := r.plan(failed), finding.Off
			for _, entrypoint := range failed.Entrypoints {
				mode = max(mode, s.resolve(plan, entrypoint.Mode).Mode)
			}
			if hides, _ := s.except(plan, failed.ID, ""); hides != nil || mode == finding.Off {
				continue
			}
			failure.Deny = plan.denyOnError && mode == finding.Deny
		}
		verdict.Errors = append(verdict.Errors, failure)
	}
}

// denies tells whether a verdict would have a request refused.
func denies(verdict *finding.Verdict) bool {
	return slices.ContainsFunc(verdict.Findings, func(f finding.Finding) bool { return f.Mode == finding.Deny }) ||
		slices.ContainsFunc(verdict.Errors, func(e finding.RuleError) bool { return e.Deny })
}

// relax makes warnings of denials.
func relax(verdict *finding.Verdict) {
	for i := range verdict.Findings {
		verdict.Findings[i].Mode = min(verdict.Findings[i].Mode, finding.Warn)
	}
	for i := range verdict.Errors {
		verdict.Errors[i].Deny = false
	}
}

// severity returns what the rule says of this one violation, or else of itself.
func severity(match engine.Match) finding.Severity {
	if match.Severity != nil {
		return *match.Severity
	}
	return match.Rule.Severity
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
