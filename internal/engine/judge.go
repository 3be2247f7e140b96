package engine

import (
	"context"
	"errors"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/kubereeve/reeve/internal/finding"
)

// judge runs all entries of a link at once. If anything goes wrong, it runs
// them one by one, because one failing rule ends the whole evaluation and
// leaves no trace of which it was. Left is how many entries are still to come,
// those of the link included.
func (v *evaluation) judge(ctx context.Context, link *link, left int) {
	input := v.engine.entries[link.entries[0]].rule.Dialect.Input(v.subject, nil)
	result := v.together(ctx, &link.meter, link.entries, left, link.query, input)
	v.eachLinked(result[resultVar], v.add)
}

// together evaluates the query of some entries and returns what it binds: nothing
// where it has run them one by one.
func (v *evaluation) together(ctx context.Context, meter *meter, entries []int, left int, query ast.Body, input *ast.Term) topdown.QueryResult {
	start := time.Now()
	if meter.apart(start) {
		v.oneByOne(ctx, entries, left)
		return nil
	}
	result, err := v.engine.query(ctx, v.engine.remaining(ctx)/2, query, input)
	if err == nil {
		meter.took(time.Since(start), v.engine.budget)
		return result
	}
	if isExhausted(err) {
		meter.suspected(start)
	}
	v.oneByOne(ctx, entries, left)
	return nil
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

// oneByOne runs entries by themselves that are otherwise evaluated together.
func (v *evaluation) oneByOne(ctx context.Context, entries []int, left int) {
	var shared *ast.Term
	for i, number := range entries {
		entry := v.engine.entries[number]
		input := shared
		switch {
		case entry.rule.Arguments != nil:
			input = entry.rule.Dialect.Input(v.subject, entry.rule)
		case shared == nil:
			shared = entry.rule.Dialect.Input(v.subject, nil)
			input = shared
		}
		term, err := v.share(ctx, entry, input, left-i)
		if entry.linkedAlone() {
			v.eachLinked(term, v.add)
		} else {
			v.each(entry, term)
		}
		v.settle(entry, err)
	}
}

// settle records how the evaluation of an entry by itself has ended.
func (v *evaluation) settle(entry *entry, err error) {
	switch {
	case err == nil:
	case entry.rule.Lenient && errors.Is(err, errBuiltin):
		v.engine.recorder.RuleFailed(entry.rule.ID, finding.CauseUndefined)
	default:
		v.fail(entry, cause(err), err)
	}
}

// each adds what an entry has found that was evaluated by itself.
func (v *evaluation) each(entry *entry, term *ast.Term) {
	if term == nil {
		return
	}
	for _, element := range entry.rule.Dialect.Results(entry.name, term.Value) {
		v.add(entry, element)
	}
}

// eachLinked calls f with each element of a link's set: [entry, finding].
func (v *evaluation) eachLinked(term *ast.Term, f func(*entry, ast.Value)) {
	if term == nil {
		return
	}
	term.Value.(ast.Set).Foreach(func(element *ast.Term) {
		numbered := element.Value.(*ast.Array)
		number, _ := numbered.Elem(0).Value.(ast.Number).Int()
		f(v.engine.entries[number], numbered.Elem(1).Value)
	})
}
