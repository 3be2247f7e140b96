package interpreter

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/topdown/builtins"
)

// Cancel ends runs from outside. It is topdown's Cancel, too, which builtins look at.
type Cancel struct{ ended atomic.Bool }

// Cancel ends what runs.
func (c *Cancel) Cancel() { c.ended.Store(true) }

// Cancelled tells whether Cancel was called since the last Reset.
func (c *Cancel) Cancelled() bool { return c.ended.Load() }

// Reset lets the next question run.
func (c *Cancel) Reset() { c.ended.Store(false) }

// Run asks rules of a program about one input. What they have in common is worked out
// once. It must not be used concurrently.
type Run struct {
	program *Program
	cancel  *Cancel
	builtin topdown.BuiltinContext
	input   *ast.Term
	data    *ast.Term

	frames []*frame
	depth  int
	scope  *scope
	scopes []*scope // the pairs of documents that are in use
	unused []*scope

	scale    *scale      // for values that are compared
	operands []*ast.Term // of the builtins that run
	output   *ast.Term   // of the builtin that was called last
	collect  func(*ast.Term) error
	skipped  error // the first that a builtin failed in
	err      error
}

// Start returns a run about an input, nil for none, and the data that lies beside the
// rules. Release gives it back.
func (p *Program) Start(input, data *ast.Term, cancel *Cancel) *Run {
	run, _ := p.runs.Get().(*Run)
	if run == nil {
		run = &Run{program: p, scale: newScale(maxWeight)}
		run.collect = func(term *ast.Term) error {
			run.output = term
			return nil
		}
	}
	run.cancel, run.input, run.data = cancel, input, data
	run.builtin = topdown.BuiltinContext{
		Metrics:         metrics.NoOp(),
		Seed:            rand.Reader,
		Time:            ast.NewTerm(ast.Number(strconv.FormatInt(time.Now().UnixNano(), 10))),
		Cancel:          cancel,
		Cache:           builtins.Cache{},
		Capabilities:    p.capabilities,
		RequestMetadata: map[string]any{},
	}
	run.enter(input, data)
	return run
}

// Release ends the run. It must not be used any more.
func (r *Run) Release() {
	r.leave(0, nil)
	for _, f := range r.frames {
		clear(f.locals[:cap(f.locals)])
		f.result = nil
	}
	clear(r.operands[:cap(r.operands)])
	r.input, r.data, r.output, r.builtin = nil, nil, nil, topdown.BuiltinContext{}
	r.program.runs.Put(r)
}

// Input returns the input that the run is about.
func (r *Run) Input() *ast.Term { return r.input }

// Ask returns what a rule is, nil when it is undefined. A builtin that fails makes
// undefined what it is asked in; skipped is the first failure behind the answer. An
// error says that there is no answer: rules contradict each other, a builtin demands
// the end, or the run was cancelled (topdown.IsCancel).
func (r *Run) Ask(ctx context.Context, rule Rule) (value *ast.Term, skipped, err error) {
	defer func() {
		if p := recover(); p != nil { // a mistake here must not end the program that asks
			r.leave(0, nil)
			r.enter(r.input, r.data)
			value, err = nil, &topdown.Error{Code: topdown.InternalErr, Message: fmt.Sprintf("%s: %v", rule.function.name, p)}
		}
	}()
	r.builtin.Context = ctx
	r.depth, r.operands, r.skipped, r.err = 0, r.operands[:0], nil, nil
	f := r.push(rule.function)
	f.locals[ir.Input], f.locals[ir.Data] = r.input, r.data
	value, ok := r.call(rule.function, f)
	if !ok {
		return nil, r.skipped, r.err
	}
	return value, r.skipped, nil
}

// push returns a frame for a function that is about to be called.
func (r *Run) push(called *function) *frame {
	if r.depth == len(r.frames) {
		r.frames = append(r.frames, &frame{run: r})
	}
	f := r.frames[r.depth]
	r.depth++
	if cap(f.locals) < called.locals {
		f.locals = make([]*ast.Term, called.locals, called.locals*2)
	} else {
		f.locals = f.locals[:called.locals]
		clear(f.locals)
	}
	f.result = nil
	return f
}

// call runs a function whose arguments are in a frame that was pushed for it, and
// tells whether it did not fail.
func (r *Run) call(called *function, f *frame) (*ast.Term, bool) {
	value, ok := r.answer(called, f)
	r.depth--
	return value, ok
}

func (r *Run) answer(called *function, f *frame) (*ast.Term, bool) {
	if known := r.scope.known(called, f); known != nil {
		return r.recall(known), true
	}
	before := r.skipped
	r.skipped = nil
	value, ok := r.code(called, f)
	if ok {
		r.scope.remember(called, f, answer{known: true, term: value, skipped: r.skipped})
	}
	if before != nil {
		r.skipped = before
	}
	return value, ok
}

// recall returns an answer that was given before. What was skipped for it then counts
// again.
func (r *Run) recall(known *answer) *ast.Term {
	if r.skipped == nil {
		r.skipped = known.skipped
	}
	return known.term
}

func (r *Run) code(called *function, f *frame) (*ast.Term, bool) {
	if !r.goesOn() {
		return nil, false
	}
	for _, block := range called.blocks {
		switch block.run(f) {
		case failed:
			return nil, false
		case returned:
			return f.result, true
		}
	}
	return nil, true
}

// goesOn tells whether the run has not been cancelled.
func (r *Run) goesOn() bool {
	if !r.cancel.Cancelled() {
		return true
	}
	r.err = &topdown.Error{Code: topdown.CancelErr, Message: "caller cancelled query execution"}
	return false
}

// fail ends the run.
func (r *Run) fail(err error) signal {
	r.err = err
	return failed
}
