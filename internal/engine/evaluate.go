package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
)

// Evaluate asks all rules of the resource's kind and returns what they found,
// in no particular order, and which rules could not answer. It fails only when
// the object cannot be parsed, and it ends by the deadline at the latest. The
// caller must not change the matches: the cache shares them.
func (e *Engine) Evaluate(ctx context.Context, res *resource.Resource, scope Scope) ([]Match, []finding.RuleError, error) {
	plan := e.plans[planKey{res.GroupKind(), scope}]
	if plan == nil {
		return nil, nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, e.deadline)
	defer cancel()

	k, keyed := e.key(plan, scope, res)
	if keyed {
		cached, hit := e.cache.Get(k)
		e.recorder.CacheLookup(hit)
		if hit && plan.rest == nil {
			return cached, nil, nil
		}
		if hit {
			matches, errs, err := e.evaluate(ctx, res, plan, plan.rest)
			return slices.Concat(cached, matches), errs, err
		}
	}
	matches, errs, err := e.evaluate(ctx, res, plan, plan.all)
	if keyed && err == nil && len(errs) == 0 {
		e.cache.Add(k, cacheableMatches(plan, e.entries, matches))
	}
	return matches, errs, err
}

// key returns the cache key of a resource, if its verdict may be cached at all.
func (e *Engine) key(plan *plan, scope Scope, res *resource.Resource) (key, bool) {
	if e.cache == nil || plan.rest == plan.all {
		return key{}, false
	}
	return cacheKey(e.seed, scope, res)
}

// cacheableMatches returns the matches of cacheable entries.
func cacheableMatches(plan *plan, entries []*entry, matches []Match) []Match {
	if plan.rest == nil {
		return matches
	}
	kept := make([]Match, 0, len(matches))
	for _, match := range matches {
		if !slices.ContainsFunc(plan.rest.entries, func(n int) bool { return entries[n].rule == match.Rule }) {
			kept = append(kept, match)
		}
	}
	return kept
}

// evaluate parses the object and runs one link of its plan.
func (e *Engine) evaluate(ctx context.Context, res *resource.Resource, plan *plan, link *link) ([]Match, []finding.RuleError, error) {
	object, err := e.decoder.object(res.Object, res.Identity)
	if err != nil {
		return nil, nil, err
	}
	view := newWorkload(object, res.Identity, e.images)
	var s *snapshot
	if len(plan.needy) > 0 {
		s = e.inventory.snapshot()
	}
	input, err := e.input(res, object, view, s)
	if err != nil {
		return nil, nil, err
	}
	run := &evaluation{engine: e, input: input, view: view}
	run.judge(ctx, link)
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
	input   *ast.Term
	view    *workload
	matches []Match
	errors  []finding.RuleError
}

// judge runs all entries of a link at once. If anything goes wrong, it runs
// them one by one, because one failing rule ends the whole evaluation and
// leaves no trace of which it was.
func (v *evaluation) judge(ctx context.Context, link *link) {
	half, cancel := context.WithTimeout(ctx, v.engine.remaining(ctx)/2)
	defer cancel()
	term, err := v.engine.query(half, link.query, v.input)
	if err == nil {
		v.each(term, v.addLinked)
		return
	}
	for i, number := range link.entries {
		entry := v.engine.entries[number]
		share := v.engine.remaining(ctx) / time.Duration(len(link.entries)-i)
		alone, cancel := context.WithTimeout(ctx, share)
		term, err := v.engine.query(alone, entry.query, v.input)
		cancel()
		v.each(term, func(element ast.Value) { v.add(entry, element) })
		if err != nil {
			v.fail(entry, cause(err), err)
		}
	}
}

// remaining returns the time until the evaluation must end.
func (e *Engine) remaining(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return e.deadline
	}
	return time.Until(deadline)
}

// errBuiltin says that a builtin failed during an evaluation that otherwise
// ended well. OPA takes a failed builtin for undefined, so a rule would pass
// because of it.
var errBuiltin = errors.New("builtin failed")

// query evaluates one query and returns what it binds to resultVar, nil when it
// is undefined. With errBuiltin it returns the result as well.
func (e *Engine) query(ctx context.Context, body ast.Body, input *ast.Term) (*ast.Term, error) {
	cancel := topdown.NewCancel()
	stop := context.AfterFunc(ctx, cancel.Cancel)
	defer stop()
	var failed []topdown.Error
	query := topdown.NewQuery(body).
		WithCompiler(e.compiler).
		WithStore(e.store).
		WithTransaction(e.txn).
		WithInput(input).
		WithCancel(cancel).
		WithMetrics(metrics.NoOp()).
		WithBuiltinErrorList(&failed)
	var term *ast.Term
	err := query.Iter(ctx, func(result topdown.QueryResult) error {
		term = result[resultVar]
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(failed) > 0 {
		return term, fmt.Errorf("%w: %w", errBuiltin, &failed[0])
	}
	return term, nil
}

// cause returns the cause of a failed evaluation.
func cause(err error) string {
	switch {
	case topdown.IsCancel(err):
		return finding.CauseDeadline
	case errors.Is(err, errBuiltin):
		return finding.CauseBuiltin
	}
	return finding.CauseEval
}

// each calls f with each element of a query's result, a set.
func (v *evaluation) each(term *ast.Term, f func(ast.Value)) {
	if term == nil {
		return
	}
	if set, ok := term.Value.(ast.Set); ok {
		set.Foreach(func(element *ast.Term) { f(element.Value) })
	}
}

// addLinked adds an element of a link's set: [entry, finding].
func (v *evaluation) addLinked(element ast.Value) {
	numbered := element.(*ast.Array)
	number, _ := numbered.Elem(0).Value.(ast.Number).Int()
	v.add(v.engine.entries[number], numbered.Elem(1).Value)
}

// add turns one element of an entry point's result into a match.
func (v *evaluation) add(entry *entry, value ast.Value) {
	violation, err := entry.rule.Dialect.Violation(value)
	if err != nil {
		v.fail(entry, finding.CauseResult, err)
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
