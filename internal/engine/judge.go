package engine

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/kubereeve/reeve/internal/engine/interpreter"
	"github.com/kubereeve/reeve/internal/engine/specialize"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
)

// evaluation is the judging of one resource.
type evaluation struct {
	engine  *Engine
	subject *rule.Subject
	view    *workload
	watch   *watch
	// recorded is true when it is recorded how long every rule takes.
	recorded bool
	inputs   []sharedInput
	runs     []*interpreter.Run
	matches  []Match
	errors   []finding.RuleError
}

// sharedInput is what all rules of one dialect see that have no input of their own.
type sharedInput struct {
	dialect string
	copies  bool // and their arguments
	term    *ast.Term
}

// judge runs entries one after the other. What they have in common is worked out for
// the first that asks for it.
func (v *evaluation) judge(ctx context.Context, entries []*entry) {
	now := time.Now()
	for i, entry := range entries {
		if v.wants(entry) {
			now = v.judgeOne(ctx, entry, now, len(entries)-i)
		}
	}
	for _, run := range v.runs {
		run.Release()
	}
}

// wants tells whether an entry's rule judges the object.
func (v *evaluation) wants(entry *entry) bool {
	if entry.rule.Match == nil {
		return true
	}
	matched, err := entry.rule.Match(v.subject)
	if err != nil {
		v.fail(entry, finding.CauseMatch, err)
	}
	return matched
}

// mostShares is into how many parts the time that is left is divided at most.
const mostShares = 8

// judgeOne runs an entry in its share of the time that is left, and returns when it
// has ended. One that lately did not end in its share gets its budget only. Left is
// how many entries are still to come, this one included.
func (v *evaluation) judgeOne(ctx context.Context, entry *entry, start time.Time, left int) time.Time {
	deadline, _ := ctx.Deadline()
	limit := shareOf(deadline.Sub(start), left)
	if entry.slow.is(start) {
		limit = min(limit, v.engine.budget)
	}
	if limit <= 0 || ctx.Err() != nil {
		v.fail(entry, finding.CauseDeadline, context.DeadlineExceeded)
		return start
	}
	v.watch.allow(start, limit)
	term, err := v.ask(ctx, limit, entry)
	end := time.Now()
	v.engine.took(entry, end.Sub(start), v.recorded)
	if isExhausted(err) && !errors.Is(ctx.Err(), context.Canceled) { // whoever asked has gone
		entry.slow.found(start)
	}
	v.each(entry, term)
	v.settle(entry, err)
	return end
}

// shareOf returns how long the next of some entries may take: its part of the
// time that is left, or an eighth where there are many. Their part alone would be
// a few milliseconds, and a busy machine stops a process for longer than that.
func shareOf(remaining time.Duration, left int) time.Duration {
	return remaining / time.Duration(min(left, mostShares))
}

// isExhausted tells whether an evaluation was ended for its time or its memory.
func isExhausted(err error) bool {
	return topdown.IsCancel(err) || errors.Is(err, errTooMuch) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// input returns what an entry sees as input.
func (v *evaluation) input(entry *entry) *ast.Term {
	dialect := entry.rule.Dialect
	if entry.alone {
		return dialect.Input(v.subject, entry.rule)
	}
	for _, known := range v.inputs {
		if known.dialect == dialect.Name() && known.copies == (entry.copy != nil) {
			return known.term
		}
	}
	term := dialect.Input(v.subject, nil)
	if entry.copy != nil {
		term = v.withConstants(term)
	}
	v.inputs = append(v.inputs, sharedInput{dialect.Name(), entry.copy != nil, term})
	return term
}

// constantsKey is the field of the input that copies find their arguments in.
var constantsKey = ast.StringTerm(specialize.ConstantsField)

// withConstants returns an input with the arguments of all copies.
func (v *evaluation) withConstants(term *ast.Term) *ast.Term {
	input := term.Value.(ast.Object)
	pairs := make([][2]*ast.Term, 0, input.Len()+1)
	input.Foreach(func(key, value *ast.Term) { pairs = append(pairs, ast.Item(key, value)) })
	return ast.ObjectTerm(append(pairs, ast.Item(constantsKey, v.engine.constants))...)
}

// settle records how the evaluation of an entry has ended.
func (v *evaluation) settle(entry *entry, err error) {
	switch {
	case err == nil:
	case entry.rule.Lenient && errors.Is(err, errBuiltin):
		v.engine.recorder.RuleFailed(entry.rule.ID, finding.CauseUndefined)
	default:
		v.fail(entry, cause(err), err)
	}
}

// each adds what an entry has found.
func (v *evaluation) each(entry *entry, term *ast.Term) {
	if term == nil {
		return
	}
	for _, element := range entry.rule.Dialect.Results(entry.name, term.Value) {
		v.add(entry, element)
	}
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
