package scan

import (
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
)

// pass is one scan of the cluster.
type pass struct {
	*Scanner
	start      time.Time
	mappings   map[schema.GroupKind]*meta.RESTMapping
	namespaces map[string]*resource.Namespace // nil when not known
	sum        finding.Pass
	progress   Progress
	ruleErrors map[ruleError]*tally
}

// Pass scans the cluster once. Kinds that cannot be read whole are in the
// result's Failed and do not stop the others. Pass fails when the API server
// does not tell which kinds it has, or when ctx ends: then the kinds that were
// not read to their end are not reported complete, nor is the pass.
func (s *Scanner) Pass(ctx context.Context) (finding.Pass, error) {
	p := &pass{
		Scanner:    s,
		start:      time.Now(),
		sum:        finding.Pass{Failed: make(map[string]string)},
		ruleErrors: make(map[ruleError]*tally),
	}
	kinds, err := p.discover(ctx)
	if err != nil {
		return finding.Pass{}, fmt.Errorf("discovery: %w", err)
	}
	p.progress.Total = len(kinds)
	p.loadNamespaces(ctx)
	p.loadInventory(ctx)
	for _, kind := range kinds {
		p.progress.Kind = kind
		p.Progress(p.progress)
		err := p.scanKind(ctx, kind)
		if ctx.Err() != nil {
			return finding.Pass{}, ctx.Err()
		}
		if err != nil {
			p.fail(kind, err)
		}
		p.progress.Done++
	}
	if ctx.Err() != nil { // there were no kinds to notice
		return finding.Pass{}, ctx.Err()
	}
	p.Progress(p.progress)
	p.logRuleErrors()
	p.sum.Duration = time.Since(p.start)
	p.report(ctx, finding.Report{Pass: &p.sum})
	return p.sum, nil
}

// discover returns the kinds to judge, in the order of Options.Kinds. It closes
// those that are not judged any more.
func (p *pass) discover(ctx context.Context) ([]schema.GroupKind, error) {
	wanted, _ := Reads(p.Kinds)
	wanted = append(wanted, namespaceKind)
	for _, need := range p.Needs {
		wanted = append(wanted, need.Kind)
	}
	var failed map[schema.GroupKind]error
	err := p.retry.do(ctx, "discovery", func(ctx context.Context) (err error) {
		p.mappings, failed, err = p.Cluster.Discover(ctx, wanted)
		return err
	})
	if err != nil {
		return nil, err
	}
	p.addMade()
	var kinds []schema.GroupKind
	for _, kind := range p.Kinds {
		switch {
		case failed[kind] != nil:
			p.fail(kind, failed[kind])
		case p.mappings[kind] == nil:
			p.Log.V(1).Info("the API server does not have this kind", "kind", kind.String())
		case p.within(kind) && p.Reviewer.Judges(p.example(kind)):
			kinds = append(kinds, kind)
		}
	}
	for _, need := range p.Needs {
		if err := failed[need.Kind]; err != nil {
			p.fail(need.Kind, err)
		}
	}
	p.closeKinds(ctx, kinds, failed)
	return kinds, nil
}

// closeKinds reports that nothing is left of the findings of kinds that are not
// judged any more: the server does not have them, or no rule asks for them.
func (p *pass) closeKinds(ctx context.Context, kinds []schema.GroupKind, failed map[schema.GroupKind]error) {
	for kind := range p.reported {
		if !slices.Contains(kinds, kind) && failed[kind] == nil {
			delete(p.reported, kind)
			p.report(ctx, finding.Report{Kind: kind, Complete: true})
		}
	}
}

// within tells whether a kind has objects within the namespace that is scanned.
func (p *pass) within(kind schema.GroupKind) bool {
	return p.Namespace == "" || kind == namespaceKind || namespaced(p.mappings[kind])
}

// example returns an object of a kind as far as it decides which rules are
// asked.
func (p *pass) example(kind schema.GroupKind) *resource.Resource {
	apiVersion, name := p.mappings[kind].GroupVersionKind.ToAPIVersionAndKind()
	return &resource.Resource{Identity: resource.Identity{APIVersion: apiVersion, Kind: name}, Operation: resource.Scan}
}

// fail records why a kind could not be read whole.
func (p *pass) fail(kind schema.GroupKind, err error) {
	if _, known := p.sum.Failed[kind.String()]; known {
		return
	}
	p.sum.Failed[kind.String()] = err.Error()
	p.Log.Error(err, "a kind could not be read whole", "kind", kind.String())
}

// report sends a report of this pass.
func (p *pass) report(ctx context.Context, report finding.Report) {
	report.Door = finding.DoorScan
	report.Revision = p.Reviewer.Revision()
	report.Time = p.start
	if err := p.Sink.Write(ctx, report); err != nil && ctx.Err() == nil {
		p.Log.Error(err, "a sink did not take a report", "kind", report.Kind.String())
	}
}

// namespaced tells whether a kind's objects live in namespaces.
func namespaced(mapping *meta.RESTMapping) bool {
	return mapping.Scope.Name() == meta.RESTScopeNameNamespace
}

// reader returns a reader of a kind's objects within the scanned namespace.
func (p *pass) reader(mapping *meta.RESTMapping) *reader {
	return &reader{
		list:      p.Cluster.List,
		mapping:   mapping,
		namespace: p.Namespace,
		pageSize:  p.PageSize,
		retry:     p.retry,
	}
}

// metadataReader returns a reader of the metadata of a kind's objects.
func (p *pass) metadataReader(mapping *meta.RESTMapping) *reader {
	r := p.reader(mapping)
	r.list = p.Cluster.ListMetadata
	return r
}
