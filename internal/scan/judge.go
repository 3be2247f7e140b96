package scan

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/go-json-experiment/json/jsontext"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
)

// judge has the objects of a page judged and returns the verdicts that say
// something, in the objects' order. It fails only when ctx ends.
func (p *pass) judge(ctx context.Context, kind schema.GroupVersionKind, items []jsontext.Value) ([]finding.Verdict, error) {
	verdicts := make([]*finding.Verdict, len(items))
	var taken atomic.Int64
	var workers sync.WaitGroup
	for range min(p.Workers, len(items)) {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(taken.Add(1)) - 1
				if i >= len(items) {
					return
				}
				verdicts[i] = p.judgeOne(ctx, kind, items[i])
			}
		})
	}
	workers.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return p.count(verdicts), nil
}

// count adds a page's verdicts to the pass's sum and returns those that say
// something.
func (p *pass) count(verdicts []*finding.Verdict) []finding.Verdict {
	var kept []finding.Verdict
	for _, verdict := range verdicts {
		if verdict == nil {
			continue
		}
		p.sum.Resources++
		p.sum.Findings += len(verdict.Findings)
		if len(verdict.Errors) > 0 {
			p.sum.Errors++
			p.countErrors(verdict.Errors)
		}
		if !verdict.Empty() {
			kept = append(kept, *verdict)
		}
	}
	return slices.Clip(kept)
}

// judgeOne judges one object. It returns nil when no rule is asked about it.
func (p *pass) judgeOne(ctx context.Context, kind schema.GroupVersionKind, item jsontext.Value) *finding.Verdict {
	res, err := resource.FromObject(item, kind)
	if err != nil {
		apiVersion, name := kind.ToAPIVersionAndKind()
		res = &resource.Resource{Identity: resource.Identity{APIVersion: apiVersion, Kind: name}, Operation: resource.Scan, Object: item}
		return unreadable(res, err)
	}
	res.Namespace = p.namespaces[res.Identity.Namespace]
	if !p.Reviewer.Judges(res) {
		return nil
	}
	verdict, err := p.review(ctx, res)
	if err != nil {
		return unreadable(res, err)
	}
	return &verdict
}

// unreadable returns the verdict on an object that cannot be judged.
func unreadable(res *resource.Resource, err error) *finding.Verdict {
	return &finding.Verdict{Resource: res, Errors: []finding.RuleError{{Cause: finding.CauseInput, Message: err.Error()}}}
}

// review keeps a panic over one object from ending the scan of all others. It
// would come again in every pass.
func (p *pass) review(ctx context.Context, res *resource.Resource) (verdict finding.Verdict, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("judging it panicked: %v", cause)
			p.Log.Error(err, "please report this", "resource", res.String(), "stack", string(debug.Stack()))
		}
	}()
	return p.Reviewer.Review(ctx, res)
}

// ruleError is what failures of rules are summed up by.
type ruleError struct{ rule, cause string }

// tally counts failures of one sort and keeps one message as an example.
type tally struct {
	count   int
	example string
}

func (p *pass) countErrors(errs []finding.RuleError) {
	for _, err := range errs {
		sort := ruleError{err.Rule, err.Cause}
		if p.ruleErrors[sort] == nil {
			p.ruleErrors[sort] = &tally{example: err.Message}
		}
		p.ruleErrors[sort].count++
	}
}

// logRuleErrors says once a pass which rules could not judge everything.
func (p *pass) logRuleErrors() {
	for sort, tally := range p.ruleErrors {
		p.Log.Info("objects could not be judged", "rule", sort.rule, "cause", sort.cause, "objects", tally.count, "example", tally.example)
	}
}
