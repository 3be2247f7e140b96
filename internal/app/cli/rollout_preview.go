package cli

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/kubereeve/reeve/internal/app/cli/output"
	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
)

// preview is what reeve rollout preview tells.
type preview struct {
	Rules   []string     `json:"rules"`
	To      finding.Mode `json:"to"`
	Subject string       `json:"subject"`
	// Resources is how many objects were judged.
	Resources int `json:"resources"`
	// Owners are what would be refused, by namespace and owner.
	Owners []previewOwner  `json:"owners"`
	Hidden []previewHidden `json:"exceptions"`
	// Recent is null when the webhook was not asked.
	Recent   *previewRecent   `json:"recentAdmissions"`
	Failures []output.Failure `json:"errors"`
}

// previewOwner is what stands at the top of objects that would be refused: a
// Deployment for its pods, and an object that nobody controls for itself.
type previewOwner struct {
	Namespace string          `json:"namespace"`
	Kind      string          `json:"kind"`
	Name      string          `json:"name"`
	Objects   []previewObject `json:"objects"`
}

type previewObject struct {
	Kind     string           `json:"kind"`
	Name     string           `json:"name"`
	Findings []previewFinding `json:"findings"`

	identity resource.Identity
}

type previewFinding struct {
	Rule      string           `json:"rule"`
	Severity  finding.Severity `json:"severity"`
	Container string           `json:"container,omitempty"`
	Path      string           `json:"path,omitempty"`
	Message   string           `json:"message"`
}

// previewHidden is an exception that hides some of what would be refused.
type previewHidden struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Findings  int    `json:"findings"`
	Objects   int    `json:"objects"`
}

// refused counts the objects that would be refused.
func (p *preview) refused() int {
	n := 0
	for _, owner := range p.Owners {
		n += len(owner.Objects)
	}
	return n
}

// evidence gathers the verdicts of a preview.
type evidence struct {
	to      finding.Mode
	objects []previewObject
	owners  map[previewKey]*resource.Owner // of every violating object
	hidden  map[previewKey]*previewHidden
}

// previewKey names an object, or an exception.
type previewKey struct{ kind, namespace, name string }

func keyOf(i resource.Identity) previewKey {
	return previewKey{i.GroupKind().String(), i.Namespace, i.Name}
}

// keep takes what a verdict says, and lets go of the object.
func (e *evidence) keep(verdict finding.Verdict) {
	res := verdict.Resource
	object := previewObject{Kind: res.GroupKind().String(), Name: res.Name, identity: res.Identity}
	for _, f := range verdict.ByMode(e.to) {
		object.Findings = append(object.Findings, previewFinding{f.Rule, f.Severity, f.Container, f.Path, f.Message})
	}
	if len(object.Findings) > 0 {
		e.objects = append(e.objects, object)
		e.owners[keyOf(res.Identity)] = res.Owner
	}
	counted := make(map[previewKey]bool)
	for _, excepted := range verdict.Excepted {
		if excepted.Finding.Mode != e.to {
			continue
		}
		key := previewKey{namespace: res.EffectiveNamespace(), name: excepted.Exception}
		if e.hidden[key] == nil {
			e.hidden[key] = &previewHidden{Namespace: key.namespace, Name: key.name}
		}
		e.hidden[key].Findings++
		if !counted[key] {
			e.hidden[key].Objects++
		}
		counted[key] = true
	}
}

// byOwner groups objects by what stands at their top. Owners that are not among
// the violating objects themselves are known by name alone.
func (e *evidence) byOwner() []previewOwner {
	groups := make(map[previewKey]*previewOwner)
	for _, object := range e.objects {
		top := keyOf(object.identity)
		for range len(e.objects) { // a circle of owners must end
			owner := e.owners[top]
			if owner == nil {
				break
			}
			top = previewKey{owner.GroupKind.String(), top.namespace, owner.Name}
		}
		if groups[top] == nil {
			groups[top] = &previewOwner{Namespace: top.namespace, Kind: top.kind, Name: top.name}
		}
		groups[top].Objects = append(groups[top].Objects, object)
	}
	sorted := make([]previewOwner, 0, len(groups))
	for _, group := range groups {
		slices.SortFunc(group.Objects, func(a, b previewObject) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
		sorted = append(sorted, *group)
	}
	slices.SortFunc(sorted, func(a, b previewOwner) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return sorted
}

// preview runs reeve rollout preview.
func (o *rolloutOptions) preview(ctx context.Context, streams Streams, program, term string) error {
	to, err := finding.ParseMode(o.to)
	if err != nil {
		return usageError("--to: %w", err)
	}
	a := newAuditRun(&o.auditOptions, streams, program)
	if err := a.previewed(ctx, term, to); err != nil {
		return err
	}
	e := &evidence{to: to, owners: make(map[previewKey]*resource.Owner), hidden: make(map[previewKey]*previewHidden)}
	a.admitting, a.kept = true, e.keep
	if err := a.gather(ctx); err != nil {
		return err
	}
	p := &preview{To: to, Subject: a.report.Subject, Resources: a.report.Resources, Owners: e.byOwner(), Hidden: []previewHidden{}}
	for _, r := range a.rules.Set.Rules() {
		p.Rules = append(p.Rules, r.ID)
	}
	for _, key := range slices.SortedFunc(maps.Keys(e.hidden), func(a, b previewKey) int {
		return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
	}) {
		p.Hidden = append(p.Hidden, *e.hidden[key])
	}
	if len(o.files) == 0 && !o.noRecent {
		if p.Recent, err = o.recent(ctx, a, to); err != nil {
			a.report.Failures = append(a.report.Failures, output.Failure{Message: "recent admissions are not known (--no-recent leaves them out): " + err.Error()})
		}
	}
	a.report.Sort()
	p.Failures = append([]output.Failure{}, a.report.Failures...)
	if o.output == output.JSON {
		err = output.EncodeJSON(streams.Out, p)
	} else {
		err = look{terminal.NewLook(streams.Out, o.color, o.width)}.preview(streams.Out, p)
	}
	a.sayErrors()
	if err != nil {
		return err
	}
	return p.end()
}

// end returns the failure with the preview's exit code.
func (p *preview) end() error {
	switch {
	case len(p.Failures) > 0:
		return &failure{code: exitError}
	case p.refused() > 0 || p.Recent != nil && len(p.Recent.Admissions) > 0:
		return &failure{code: exitFindings}
	}
	return nil
}
