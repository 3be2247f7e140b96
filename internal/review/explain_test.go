package review_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
)

func TestExplainNamesEveryStepAndTheOneThatDecides(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	later := entryOf(t, "*=off", review.Where{})
	later.From = now.Add(time.Hour)
	blue, err := labels.Parse("team=blue")
	if err != nil {
		t.Fatal(err)
	}
	entries := []review.Entry{
		entryOf(t, "r=deny", review.Where{}),
		entryOf(t, "other=off", review.Where{}),
		{Name: "parameters"},
		entryOf(t, "*=deny", review.Where{Namespaces: []string{"shop"}, Kinds: []string{"Deployment"}, Operations: []resource.Operation{resource.Create}}),
		later,
		entryOf(t, "*=audit", review.Where{Operations: []resource.Operation{resource.Scan}}),
		entryOf(t, "*=audit", review.Where{Kinds: []string{"Pod"}}),
		entryOf(t, "*=audit", review.Where{Namespaces: []string{"garden"}}),
		entryOf(t, "*=audit", review.Where{NamespaceLabels: blue}),
		entryOf(t, "*=audit", review.Where{Users: []string{"john"}}),
	}
	for i := range entries {
		entries[i].Name = fmt.Sprintf("modes[%d]", i)
	}
	policy := newPolicy(t, review.PolicyOptions{Entries: entries, NamespaceLabel: true, DenyOnError: true, Protected: []string{"sh*"}, Clock: func() time.Time { return now }})
	res := object(t, resource.Create, inShop)
	res.Namespace = &resource.Namespace{Name: "shop", Labels: map[string]string{"team": "red"}}
	steps := []review.Step{
		{Name: "the rule itself", Mode: finding.Warn, Counts: true},
		{Name: "modes[0]", Mode: finding.Deny, Counts: true},
		{Name: "modes[3]", Mode: finding.Deny, Counts: true, Decides: true},
		{Name: "modes[4]", Mode: finding.Off, Why: "it counts from 2026-03-01T13:00:00Z"},
		{Name: "modes[5]", Mode: finding.Audit, Why: "it is about other operations than CREATE"},
		{Name: "modes[6]", Mode: finding.Audit, Why: "it is about other kinds than Deployment.apps"},
		{Name: "modes[7]", Mode: finding.Audit, Why: "it is about other namespaces than shop"},
		{Name: "modes[8]", Mode: finding.Audit, Why: "it is about namespaces with other labels"},
		{Name: "modes[9]", Mode: finding.Audit, Why: "it is about some users, and there is none"},
	}
	want := review.Explanation{Steps: steps, Exceptable: true, Protected: true, DenyOnError: true, Decision: review.Decision{Mode: finding.Deny, By: "modes[3]"}}
	if diff := cmp.Diff(want, policy.Explain(&rule.Rule{ID: "r"}, finding.Warn, res)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	res.Namespace.Labels[review.ModeLabel], res.User = "warn", &resource.User{Name: "jane"}
	want.Steps[2].Decides, want.Steps[8].Why = false, "it is about other users than jane"
	want.Steps = append(want.Steps, review.Step{Name: "the namespace's label kubereeve.io/mode", Mode: finding.Warn, Counts: true, Decides: true})
	want.Decision, want.DenyOnError = review.Decision{Mode: finding.Warn, By: "the namespace's label kubereeve.io/mode"}, false
	if diff := cmp.Diff(want, policy.Explain(&rule.Rule{ID: "r"}, finding.Warn, res)); diff != "" {
		t.Errorf("with a label (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]review.Change{{Name: "modes[4]", Mode: finding.Off, From: now.Add(time.Hour)}}, policy.Next(&rule.Rule{ID: "r"})); diff != "" {
		t.Errorf("what comes next (-want +got)\n%s", diff)
	}
}

func TestExplainAgreesWithResolve(t *testing.T) {
	res := object(t, resource.Create, `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"a"}}`)
	policy := newPolicy(t, review.PolicyOptions{Entries: []review.Entry{entryOf(t, "*=deny", review.Where{Namespaces: []string{"*"}})}})
	got := policy.Explain(&rule.Rule{ID: "r"}, finding.Audit, res)
	if got.Decision != policy.Resolve(&rule.Rule{ID: "r"}, finding.Audit, res) || !got.Steps[0].Decides || got.Steps[1].Why != "it is about objects in namespaces" {
		t.Errorf("%+v", got)
	}
}
