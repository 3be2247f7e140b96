package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/kubereeve/reeve/internal/finding"
)

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

// query evaluates one query, which may take as long as limit says, and returns what
// it binds to its variables, nothing when it is undefined. With errBuiltin it returns
// the result as well.
func (e *Engine) query(ctx context.Context, limit time.Duration, body ast.Body, input *ast.Term) (topdown.QueryResult, error) {
	cancel := topdown.NewCancel()
	watch := watchOver(ctx, limit, cancel)
	defer watch.stop()
	if e.reachesOut { // what waits for the network looks at the context alone
		var end context.CancelFunc
		ctx, end = context.WithTimeout(ctx, limit)
		defer end()
	}
	var failed []topdown.Error
	query := topdown.NewQuery(body).
		WithCompiler(e.compiler).
		WithStore(e.store).
		WithTransaction(e.txn).
		WithInput(input).
		WithCancel(cancel).
		WithBuiltins(e.guarded).
		WithMetrics(metrics.NoOp()).
		WithBuiltinErrorList(&failed)
	var result topdown.QueryResult
	err := query.Iter(ctx, func(found topdown.QueryResult) error {
		result = found
		return nil
	})
	if err != nil && watch.stop() {
		return nil, errTooMuch
	}
	if err != nil {
		return nil, err
	}
	if len(failed) > 0 {
		return result, fmt.Errorf("%w: %w", errBuiltin, &failed[0])
	}
	return result, nil
}

// cause returns the cause of a failed evaluation.
func cause(err error) string {
	switch {
	case errors.Is(err, errTooMuch):
		return finding.CauseMemory
	case topdown.IsCancel(err):
		return finding.CauseDeadline
	case errors.Is(err, errBuiltin):
		return finding.CauseBuiltin
	}
	return finding.CauseEval
}
