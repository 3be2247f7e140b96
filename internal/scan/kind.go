package scan

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
)

// scanKind judges all objects of a kind and reports them page by page. It
// returns why the kind could not be read whole.
func (p *pass) scanKind(ctx context.Context, kind schema.GroupKind) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.reported[kind] = true
	for fetched := range p.pages(ctx, kind) {
		if fetched.err != nil {
			return fetched.err
		}
		verdicts, err := p.judge(ctx, p.mappings[kind].GroupVersionKind, fetched.items)
		if err != nil {
			return err
		}
		p.report(ctx, finding.Report{Kind: kind, Complete: fetched.next == "", Verdicts: verdicts})
		p.progress.Resources, p.progress.Findings = p.sum.Resources, p.sum.Findings
		p.Progress(p.progress)
	}
	return ctx.Err()
}

// fetched is a page, or why there is none.
type fetched struct {
	page
	err error
}

// pages reads a kind in a goroutine of its own, so that the next page arrives
// while one is judged. It reads no further ahead than that. The channel is
// closed after the last page, after an error, and when ctx ends.
func (p *pass) pages(ctx context.Context, kind schema.GroupKind) <-chan fetched {
	pages := make(chan fetched)
	next := p.reader(p.mappings[kind]).next
	if p.Namespace != "" && kind == namespaceKind {
		next = p.onlyNamespace
	}
	if produce := p.maker(kind); produce != nil {
		next = p.madePages(produce)
	}
	go func() {
		defer close(pages)
		for {
			list, err := next(ctx)
			select {
			case pages <- fetched{list, err}:
			case <-ctx.Done():
				return
			}
			if err != nil || list.next == "" {
				return
			}
		}
	}()
	return pages
}

// onlyNamespace returns the scanned namespace as the only page of its kind.
func (p *pass) onlyNamespace(ctx context.Context) (page, error) {
	raw, err := p.getNamespace(ctx)
	return page{items: []jsontext.Value{raw}}, err
}
