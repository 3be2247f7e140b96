package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/kubereeve/reeve/internal/engine/interpreter"
	"github.com/kubereeve/reeve/internal/finding"
)

// errBuiltin says that a builtin failed during an evaluation that otherwise
// ended well. OPA takes a failed builtin for undefined, so a rule would pass
// because of it.
var errBuiltin = errors.New("builtin failed")

// ask returns what an entry is, nil when it is undefined. With errBuiltin it returns
// the result as well.
func (v *evaluation) ask(ctx context.Context, limit time.Duration, entry *entry) (*ast.Term, error) {
	if v.engine.reachesOut { // what waits for the network looks at the context alone
		var end context.CancelFunc
		ctx, end = context.WithTimeout(ctx, limit)
		defer end()
	}
	result, failed, err := v.answer(ctx, entry)
	switch {
	case err != nil && v.watch.tooMuch():
		return nil, errTooMuch
	case err != nil && ctx.Err() != nil:
		return nil, fmt.Errorf("%w: %w", ctx.Err(), err)
	case err != nil:
		return nil, err
	case failed != nil:
		return result, fmt.Errorf("%w: %w", errBuiltin, failed)
	}
	return result, nil
}

// answer asks the interpreter what an entry is. Where that fails, OPA's evaluator has the
// last word: it looks at less of what does not matter, and knows how to say what went
// wrong, and where. Failed is the first error of a builtin beside the answer.
func (v *evaluation) answer(ctx context.Context, entry *entry) (result *ast.Term, failed, err error) {
	if !entry.planned {
		return v.query(ctx, entry)
	}
	result, failed, err = v.run(v.input(entry)).Ask(ctx, entry.asked)
	doubtful := err != nil || failed != nil && !entry.rule.Lenient
	if !doubtful || isExhausted(err) || ctx.Err() != nil {
		return result, failed, err
	}
	first := err
	if result, failed, err = v.query(ctx, entry); first != nil && err == nil {
		v.engine.recorder.RuleFailed(entry.rule.ID, finding.CauseDoubted)
	}
	return result, failed, err
}

// mostRuns is how many runs an evaluation has at a time. Most need one for each dialect;
// each remembers what all functions have answered.
const mostRuns = 8

// run returns the run about an input.
func (v *evaluation) run(input *ast.Term) *interpreter.Run {
	for i, run := range v.runs {
		if run.Input() == input {
			v.runs = append(slices.Delete(v.runs, i, i+1), run) // the one used last comes last
			return run
		}
	}
	if len(v.runs) == mostRuns {
		v.runs[0].Release()
		v.runs = slices.Delete(v.runs, 0, 1)
	}
	run := v.engine.program.Start(input, v.engine.data, &v.watch.cancel)
	v.runs = append(v.runs, run)
	return run
}

// query asks OPA's evaluator what an entry is, and returns the first error of a builtin
// beside it. Some builtins panic on what they are given, as those for GraphQL do.
//
// OPA's index of rules, in version 1.22, forgets those that ask for x in ["a", y], so it
// is asked only where the interpreter has failed: then it spares what has failed there,
// if that does not matter.
func (v *evaluation) query(ctx context.Context, entry *entry) (result *ast.Term, failed, err error) {
	defer func() {
		if p := recover(); p != nil {
			result, failed, err = nil, nil, fmt.Errorf("OPA's evaluator has given up: %v", p)
		}
	}()
	var input *ast.Term
	if entry.copy == nil {
		input = v.input(entry)
	} else { // the query is about what was copied
		input = entry.rule.Dialect.Input(v.subject, entry.rule)
	}
	var failures []topdown.Error
	query := topdown.NewQuery(entry.query).
		WithCompiler(v.engine.compiler).
		WithStore(v.engine.store).
		WithTransaction(v.engine.txn).
		WithInput(input).
		WithCancel(&v.watch.cancel).
		WithIndexing(entry.planned).
		WithBuiltins(v.engine.guarded).
		WithMetrics(metrics.NoOp()).
		WithBuiltinErrorList(&failures)
	err = query.Iter(ctx, func(found topdown.QueryResult) error {
		result = found[resultVar]
		return nil
	})
	if err == nil && len(failures) > 0 {
		failed = &failures[0]
	}
	return result, failed, err
}

// cause returns the cause of a failed evaluation.
func cause(err error) string {
	switch {
	case errors.Is(err, errTooMuch):
		return finding.CauseMemory
	case isExhausted(err):
		return finding.CauseDeadline
	case errors.Is(err, errBuiltin):
		return finding.CauseBuiltin
	}
	return finding.CauseEval
}
