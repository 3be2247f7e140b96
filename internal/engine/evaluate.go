package engine

import (
	"context"
	"errors"
	"slices"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
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
	known, entries := e.recall(plan, keys)
	if len(entries) == 0 {
		return known, nil, nil
	}
	matches, errs, err := e.evaluate(ctx, res, variant, plan, entries)
	if err == nil && len(errs) == 0 {
		e.keep(plan, keys, len(entries), matches)
	}
	return slices.Concat(known, matches), errs, err
}

// keys returns the cache keys of a resource, if any verdict on it may be cached.
func (e *Engine) keys(plan *plan, scope Scope, res *resource.Resource, variant *variant) (keys, bool) {
	if e.cache == nil || len(plan.rest) == len(plan.all) {
		return keys{}, false
	}
	return cacheKeys(variant.seed, scope, res, plan.keepsSingle())
}

// recall returns what the cache knows, and what is left to evaluate.
func (e *Engine) recall(plan *plan, keys keys) ([]Match, []*entry) {
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

// keep remembers what so many entries of a plan have found, without what rules found
// whose verdicts are not to be kept.
func (e *Engine) keep(plan *plan, keys keys, entries int, matches []Match) {
	of := func(reach reach) []Match {
		kept := make([]Match, 0, len(matches))
		for _, match := range matches {
			if e.reaches[match.Rule] == reach {
				kept = append(kept, match)
			}
		}
		return kept
	}
	if entries == len(plan.all) {
		e.cache.Add(keys.shared, of(shared))
	}
	if plan.keepsSingle() && entries > len(plan.rest) {
		e.cache.Add(keys.single, of(single))
	}
}

// evaluate parses the object and runs some entries of its plan.
func (e *Engine) evaluate(ctx context.Context, res *resource.Resource, variant *variant, plan *plan, entries []*entry) ([]Match, []finding.RuleError, error) {
	subject, view, err := e.subject(res, variant)
	if err != nil {
		return nil, nil, err
	}
	var s *snapshot
	if len(plan.needy) > 0 {
		s = e.inventory.snapshot()
		subject.Inventory = s.value
	}
	run := &evaluation{engine: e, subject: subject, view: view, watch: watchOver(ctx, e.deadline),
		recorded: e.evaluations.Add(1)%meterEvery == 0}
	run.judge(ctx, entries)
	run.watch.stop()
	run.dropOff(variant)
	if s != nil {
		run.dropNeedy(plan.needy, s)
	}
	for _, failure := range run.errors {
		e.recorder.RuleFailed(failure.Rule, failure.Cause)
	}
	return run.matches, run.errors, nil
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
func (v *evaluation) dropNeedy(needy []*entry, s *snapshot) {
	for _, entry := range needy {
		reason := s.lacks(entry.rule.Inventory)
		if reason == "" {
			continue
		}
		v.matches = slices.DeleteFunc(v.matches, func(m Match) bool { return m.Rule == entry.rule })
		v.fail(entry, finding.CauseInventory, errors.New(reason))
	}
}
