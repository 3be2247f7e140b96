package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// Evaluate asks all rules of the resource's kind and returns what they found,
// in no particular order, and which rules could not answer. It fails only when
// the object cannot be parsed, and it ends by the deadline at the latest. The
// caller must not change the matches: the cache shares them.
func (e *Engine) Evaluate(ctx context.Context, res *resource.Resource, scope Scope) ([]Match, []finding.RuleError, error) {
	plan := e.plan(res.GroupKind(), scope)
	if plan == nil {
		return nil, nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, e.deadline)
	defer cancel()

	variant, err := e.variants.of(res)
	if err != nil {
		return nil, nil, err
	}
	keys, keyed := e.keys(plan, scope, res, variant)
	if !keyed {
		return e.evaluate(ctx, res, variant, plan, plan.all)
	}
	known, batch := e.recall(plan, keys)
	if batch.empty() {
		return known, nil, nil
	}
	matches, errs, err := e.evaluate(ctx, res, variant, plan, batch)
	if err == nil && len(errs) == 0 {
		e.keep(plan, keys, batch, matches)
	}
	return slices.Concat(known, matches), errs, err
}

// keys returns the cache keys of a resource, if any verdict on it may be cached.
func (e *Engine) keys(plan *plan, scope Scope, res *resource.Resource, variant *variant) (keys, bool) {
	if e.cache == nil || plan.rest.size() == plan.all.size() {
		return keys{}, false
	}
	return cacheKeys(variant.seed, scope, res, plan.keepsSingle())
}

// recall returns what the cache knows, and what is left to evaluate.
func (e *Engine) recall(plan *plan, keys keys) ([]Match, batch) {
	known, hit := e.cache.Get(keys.shared)
	if e.recorder.CacheLookup(hit); !hit {
		return nil, plan.all
	}
	if !plan.keepsSingle() {
		return known, plan.rest
	}
	more, hit := e.cache.Get(keys.single)
	if !hit {
		return known, plan.unshared
	}
	return slices.Concat(known, more), plan.rest
}

// keep remembers what a batch has found, without what rules found whose verdicts are
// not to be kept.
func (e *Engine) keep(plan *plan, keys keys, batch batch, matches []Match) {
	of := func(reach reach) []Match {
		kept := make([]Match, 0, len(matches))
		for _, match := range matches {
			if e.reaches[match.Rule] == reach {
				kept = append(kept, match)
			}
		}
		return kept
	}
	if batch.size() == plan.all.size() {
		e.cache.Add(keys.shared, of(shared))
	}
	if plan.keepsSingle() && batch.size() > plan.rest.size() {
		e.cache.Add(keys.single, of(single))
	}
}

// evaluate parses the object and runs a batch of its plan.
func (e *Engine) evaluate(ctx context.Context, res *resource.Resource, variant *variant, plan *plan, batch batch) ([]Match, []finding.RuleError, error) {
	subject, view, err := e.subject(res, variant)
	if err != nil {
		return nil, nil, err
	}
	var s *snapshot
	if len(plan.needy) > 0 {
		s = e.inventory.snapshot()
		subject.Inventory = s.value
	}
	run := &evaluation{engine: e, subject: subject, view: view}
	left := batch.size()
	for _, link := range batch.links {
		run.judge(ctx, link, left)
		left -= len(link.entries)
	}
	if batch.joint != nil {
		run.judgeJoint(ctx, batch.joint, left)
	}
	for i, number := range batch.alone {
		run.judgeAlone(ctx, e.entries[number], len(batch.alone)-i)
	}
	run.dropOff(variant)
	if s != nil {
		run.dropNeedy(plan.needy, s)
	}
	for _, failure := range run.errors {
		e.recorder.RuleFailed(failure.Rule, failure.Cause)
	}
	return run.matches, run.errors, nil
}

// evaluation is the judging of one resource.
type evaluation struct {
	engine  *Engine
	subject *rule.Subject
	view    *workload
	matches []Match
	errors  []finding.RuleError
}

// judgeAlone runs an entry with an input of its own, if its rule wants to judge
// the object. Left is how many entries are still to come, this one included.
func (v *evaluation) judgeAlone(ctx context.Context, entry *entry, left int) {
	if !v.wants(entry) {
		return
	}
	r := entry.rule
	term, err := v.share(ctx, entry, r.Dialect.Input(v.subject, r), left)
	v.each(entry, term)
	v.settle(entry, err)
}

// mostShares is into how many parts the time that is left is divided at most.
const mostShares = 8

// share evaluates an entry by itself in its share of the time that is left. One
// that lately did not end in its share gets its budget only.
func (v *evaluation) share(ctx context.Context, entry *entry, input *ast.Term, left int) (*ast.Term, error) {
	start := time.Now()
	limit := shareOf(v.engine.remaining(ctx), left)
	if start.UnixNano() < entry.slow.suspect.Load() {
		limit = min(limit, v.engine.budget)
	}
	result, err := v.engine.query(ctx, limit, entry.query, input)
	v.engine.took(entry, time.Since(start))
	if isExhausted(err) {
		entry.slow.suspected(start)
	}
	return result[resultVar], err
}

// shareOf returns how long the next of some entries may take: its part of the
// time that is left, or an eighth where there are many. Their part alone would be
// a few milliseconds, and a busy machine stops a process for longer than that.
func shareOf(remaining time.Duration, left int) time.Duration {
	return remaining / time.Duration(min(left, mostShares))
}

// isExhausted tells whether an evaluation was ended for its time or its memory.
func isExhausted(err error) bool {
	return err != nil && (topdown.IsCancel(err) || errors.Is(err, errTooMuch))
}

// add turns one element of an entry point's result into a match.
func (v *evaluation) add(entry *entry, value ast.Value) {
	violation, ours, err := entry.rule.Dialect.Violation(v.subject, value)
	if err != nil {
		v.fail(entry, finding.CauseResult, err)
		return
	}
	if !ours {
		return
	}
	// Strings of the object are parts of its source, which the verdict cache
	// must not keep alive.
	violation.Container, violation.Path = strings.Clone(violation.Container), strings.Clone(violation.Path)
	violation.Message = strings.Clone(violation.Message)
	if violation.Container != "" {
		violation.Message = v.view.prefix(violation.Container) + violation.Message
	}
	v.matches = append(v.matches, Match{Rule: entry.rule, Mode: entry.mode, Violation: violation})
}

func (v *evaluation) fail(entry *entry, cause string, err error) {
	message := err.Error()
	if cause == finding.CauseDeadline {
		message = "the rule did not end before the deadline"
	}
	v.errors = append(v.errors, finding.RuleError{Rule: entry.rule.ID, Cause: cause, Message: message})
}

// dropOff removes what rules found, or failed in, that have nothing to look for
// with the parameters they were given.
func (v *evaluation) dropOff(variant *variant) {
	if len(variant.off) == 0 {
		return
	}
	v.matches = slices.DeleteFunc(v.matches, func(m Match) bool { return variant.off[m.Rule.ID] })
	v.errors = slices.DeleteFunc(v.errors, func(e finding.RuleError) bool { return variant.off[e.Rule] })
}

// dropNeedy removes what rules found whose inventory is not known, and says
// that they could not judge: to them every object is missing.
func (v *evaluation) dropNeedy(needy []int, s *snapshot) {
	for _, number := range needy {
		entry := v.engine.entries[number]
		reason := s.lacks(entry.rule.Inventory)
		if reason == "" {
			continue
		}
		v.matches = slices.DeleteFunc(v.matches, func(m Match) bool { return m.Rule == entry.rule })
		v.fail(entry, finding.CauseInventory, errors.New(reason))
	}
}
