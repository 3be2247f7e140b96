package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/kube"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/sink/recent"
)

// previewRecent is what the webhook remembers of recent admissions.
type previewRecent struct {
	// Remembered is how many admissions with findings of the rules were looked at.
	Remembered int `json:"remembered"`
	// Since is from when on all replicas remember what there was; zero when nobody
	// has forgotten anything.
	Since time.Time `json:"since,omitzero"`
	// Admissions are those that would have been refused, the newest first.
	Admissions []previewAdmission `json:"admissions"`
	// Hidden counts those that pass because of exceptions alone, and Existing those
	// that pass because the object violated the rule before.
	Hidden   int `json:"hidden"`
	Existing int `json:"existing"`
}

type previewAdmission struct {
	Time      time.Time          `json:"time"`
	Operation resource.Operation `json:"operation"`
	Namespace string             `json:"namespace"`
	Kind      string             `json:"kind"`
	Name      string             `json:"name"`
	User      string             `json:"user"`
	// Mode is what the worst of the findings did then.
	Mode     finding.Mode     `json:"mode"`
	Findings []previewFinding `json:"findings"`
}

// recent asks the webhook's replicas which admissions the rules found something
// on, and decides by the policy what would have become of them.
func (o *rolloutOptions) recent(ctx context.Context, a *audit, to finding.Mode) (*previewRecent, error) {
	replicas, err := o.replicas.connect()
	if err != nil {
		return nil, err
	}
	query := recent.Query{}
	if rules := a.rules.Set.Rules(); len(rules) == 1 {
		query.Rule = rules[0].ID
	}
	answered, err := replicas.FetchRecent(ctx, query)
	if err != nil {
		return nil, err
	}
	told := &previewRecent{Admissions: []previewAdmission{}}
	for _, replica := range answered.Replicas {
		if replica.Err != nil {
			return nil, fmt.Errorf("%s: %w", replica.Name, replica.Err)
		}
		if (replica.Dropped > 0 || replica.More) && replica.Oldest.After(told.Since) {
			told.Since = replica.Oldest
		}
	}
	namespaces, err := o.namespaceLabels(ctx, answered.Entries)
	if err != nil {
		return nil, err
	}
	for i := range answered.Entries {
		entry := &answered.Entries[i]
		if ns := *o.kubeconfig.Namespace; ns == "" || entry.Resource.Namespace == ns {
			told.add(a, entry, namespaces[entry.Resource.Namespace], to)
		}
	}
	return told, nil
}

// add decides on one admission.
func (p *previewRecent) add(a *audit, entry *recent.Entry, namespace *resource.Namespace, to finding.Mode) {
	res := &resource.Resource{Identity: entry.Resource, Operation: entry.Operation, Namespace: namespace, User: &resource.User{Name: entry.User}}
	would := func(f *recent.Finding) bool {
		r := a.rules.Set.Rule(f.Rule)
		return r != nil && a.rules.Policy.Resolve(r, r.Mode, res).Mode == to
	}
	admission := previewAdmission{Time: entry.Time, Operation: entry.Operation, Namespace: entry.Resource.Namespace,
		Kind: entry.Resource.GroupKind().String(), Name: entry.Resource.Name, User: entry.User, Findings: []previewFinding{}}
	known, existing := false, false
	for i := range entry.Findings {
		f := &entry.Findings[i]
		known = known || a.rules.Set.Rule(f.Rule) != nil
		switch {
		case !would(f):
		case f.Existing:
			existing = true
		default:
			admission.Mode = max(admission.Mode, f.Mode)
			admission.Findings = append(admission.Findings, previewFinding{f.Rule, f.Severity, f.Container, f.Path, f.Message})
		}
	}
	hidden := slices.ContainsFunc(entry.Excepted, func(e recent.Excepted) bool { return would(&e.Finding) })
	if known || hidden {
		p.Remembered++
	}
	switch {
	case len(admission.Findings) > 0:
		p.Admissions = append(p.Admissions, admission)
	case existing:
		p.Existing++
	case hidden:
		p.Hidden++
	}
}

// namespaceLabels reads the labels that the namespaces of admissions have today.
// Namespaces that are gone have none.
func (o *rolloutOptions) namespaceLabels(ctx context.Context, entries []recent.Entry) (map[string]*resource.Namespace, error) {
	known := make(map[string]*resource.Namespace)
	config, _, err := clusterConfig(o.kubeconfig, "name a kubeconfig with --kubeconfig or $KUBECONFIG")
	if err != nil {
		return nil, err
	}
	cluster, err := kube.NewCluster(config)
	if err != nil {
		return nil, err
	}
	found, failed, err := cluster.Discover(ctx, []schema.GroupKind{namespaceKind})
	if err = errors.Join(err, failed[namespaceKind]); err != nil {
		return nil, err
	}
	for i := range entries {
		name := entries[i].Resource.Namespace
		if _, done := known[name]; done || name == "" {
			continue
		}
		known[name] = nil
		raw, err := cluster.Get(ctx, found[namespaceKind], "", name)
		if err != nil {
			if apierrors.IsNotFound(err) {
				continue
			}
			return nil, fmt.Errorf("namespace %s: %w", name, err)
		}
		given, err := resource.Labels(raw)
		if err != nil {
			return nil, fmt.Errorf("namespace %s: %w", name, err)
		}
		known[name] = &resource.Namespace{Name: name, Labels: given}
	}
	return known, nil
}
