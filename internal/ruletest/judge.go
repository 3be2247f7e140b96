package ruletest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/manifest"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
)

// judge judges fixtures by the rules of one set.
type judge struct {
	set       *rule.Set
	inventory *engine.Inventory
	reviewer  *review.Reviewer
}

// deadline bounds the judging of one object: more than in a cluster, because
// tests run on busy machines.
const deadline = 10 * time.Second

// newJudge compiles a set. Rules that do not compile are returned as problems.
func newJudge(set *rule.Set, options engine.Options) (*judge, []*rule.Problem, error) {
	options.CacheSize, options.Deadline = -1, deadline
	e, problems, err := engine.New(set, options)
	if err != nil {
		return nil, nil, err
	}
	policy, err := review.PolicyOf()
	if err != nil {
		return nil, nil, err
	}
	return &judge{set: e.Set(), inventory: options.Inventory, reviewer: review.New(e, policy)}, problems, nil
}

// judge judges one fixture: its rule has to find what its name says, and no
// rule may fail on its objects.
func (j *judge) judge(ctx context.Context, f *Fixture) {
	if f.standsAlone() {
		own, _, err := newJudge(f.Set(j.set), f.Options(engine.Options{Inventory: j.inventory}))
		if err != nil {
			f.fail(0, "%s", err)
			return
		}
		j = own
	}
	resources := f.Resources()
	if err := j.inventory.Fill(j.set.Needs(), resources); err != nil {
		f.fail(0, "%s", err)
		return
	}
	said := make(map[string]bool)
	var locator manifest.Locator
	for i, res := range resources {
		verdict, err := j.reviewer.Review(ctx, asked(res, f.Rule))
		if err != nil {
			f.fail(res.Source.Line, "%s", err)
			continue
		}
		for _, failure := range verdict.Errors {
			if text := failure.Error(); !said[text] {
				said[text] = true
				f.fail(res.Source.Line, "%s", text)
			}
		}
		for _, found := range verdict.Findings {
			if found.Rule == f.Rule.ID {
				found.Source = &resource.Source{File: res.Source.File, Line: locator.Line(f.objects[i], found.Path)}
				f.Findings = append(f.Findings, found)
			}
		}
	}
	if f.expected != nil {
		f.compareResponses(resources)
		return
	}
	f.compare()
}

// compare holds what was found against what the name says.
func (f *Fixture) compare() {
	judges := func(o manifest.Object) bool { return f.Rule.Judges(o.Resource.GroupKind()) }
	switch {
	case !f.Denied && len(f.Findings) > 0:
		f.fail(f.Findings[0].Source.Line, "%s finds something, and the name of the file says that it does not\n%s", f.Rule.ID, lines(f.Findings))
	case !f.Denied || len(f.Findings) > 0 || f.Failed(): // a rule that failed need not be blamed again
	case !slices.ContainsFunc(f.objects, judges):
		f.fail(0, "%s finds nothing: no object is of a kind that it judges (%s)", f.Rule.ID, kindsOf(f.Rule))
	default:
		f.fail(0, "%s finds nothing, and the name of the file says that it does", f.Rule.ID)
	}
}

// kindsOf names the kinds that a rule judges.
func kindsOf(r *rule.Rule) string {
	var names []string
	if r.Template {
		names = append(names, "kinds with a pod template")
	}
	for _, kind := range r.Kinds {
		if _, isWorkload := resource.TemplatePath(kind); !r.Template || !isWorkload {
			names = append(names, kind.Kind)
		}
	}
	return strings.Join(names, ", ")
}

// asked returns an object the way its rule is asked about it: rules that do not
// scan see it being created.
func asked(res *resource.Resource, r *rule.Rule) *resource.Resource {
	if r.At(finding.DoorScan) {
		return res
	}
	created := *res
	created.Operation = resource.Create
	return &created
}
