package scan_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-logr/logr/testr"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/scan"
)

// run makes one pass over the given kinds with pages of two.
func run(t *testing.T, c *cluster, options scan.Options, kinds ...schema.GroupKind) (*reports, *reviewer, finding.Pass) {
	t.Helper()
	written, judge := &reports{}, &reviewer{}
	options.Cluster, options.Reviewer, options.Sink, options.Kinds = c, judge, written, kinds
	options.PageSize = 2
	options.Log = testr.New(t)
	pass, err := scan.New(options).Pass(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return written, judge, pass
}

func TestPassReportsPageByPage(t *testing.T) {
	c := &cluster{objects: map[schema.GroupKind][]string{
		namespaces: {object("", "a")},
		pods:       {object("a", "p1"), object("a", "good"), object("a", "p2"), object("a", "p3"), object("b", "p4")},
		roles:      {},
	}}
	var progress []scan.Progress
	written, _, pass := run(t, c, scan.Options{Progress: func(p scan.Progress) { progress = append(progress, p) }},
		pods, roles, schema.GroupKind{Group: "example.com", Kind: "Unknown"})
	want := []report{
		{Kind: "Pod", Names: []string{"p1"}},
		{Kind: "Pod", Names: []string{"p2", "p3"}},
		{Kind: "Pod", Names: []string{"p4"}, Complete: true},
		{Kind: "Role", Complete: true},
		{Pass: true},
	}
	if diff := cmp.Diff(want, written.all); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
	if pass.Resources != 5 || pass.Findings != 4 || len(pass.Failed) != 0 {
		t.Errorf("pass %+v, want 5 resources, 4 findings, nothing failed", pass)
	}
	end := scan.Progress{Kind: roles, Done: 2, Total: 2, Resources: 5, Findings: 4}
	if diff := cmp.Diff(end, progress[len(progress)-1]); diff != "" {
		t.Errorf("last progress (-want +got):\n%s", diff)
	}
}

func TestPassGoesOnPastKindsItCannotRead(t *testing.T) {
	c := &cluster{
		objects: map[schema.GroupKind][]string{namespaces: {}, pods: objects("a", 3), roles: objects("a", 1)},
		unknown: map[schema.GroupKind]error{clusterRoles: errors.New("the server is down")},
		misbehave: func(request string) error {
			if strings.HasPrefix(request, "Pod") {
				return forbidden(pods)
			}
			return nil
		},
	}
	written, _, pass := run(t, c, scan.Options{}, clusterRoles, pods, roles)
	want := []report{{Kind: "Role", Names: []string{"object-00000"}, Complete: true}, {Pass: true}}
	if diff := cmp.Diff(want, written.all); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
	if len(pass.Failed) != 2 || !strings.Contains(pass.Failed["Pod"], "forbidden") ||
		!strings.Contains(pass.Failed["ClusterRole.rbac.authorization.k8s.io"], "down") {
		t.Errorf("failed: %v", pass.Failed)
	}
}

func TestPassDoesNotReadKindsThatNoRuleJudgesInAScan(t *testing.T) {
	c := &cluster{objects: map[schema.GroupKind][]string{pods: objects("a", 1)}}
	written := &reports{}
	pass, err := scan.New(scan.Options{Cluster: c, Reviewer: &reviewer{never: pods}, Sink: written,
		Kinds: []schema.GroupKind{pods}, Log: testr.New(t)}).Pass(t.Context())
	if err != nil || pass.Resources != 0 {
		t.Fatalf("pass %+v, error %v", pass, err)
	}
	if diff := cmp.Diff([]string{"discovery"}, c.requests); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestPassIsolatesObjectsThatCannotBeJudged(t *testing.T) {
	c := &cluster{objects: map[schema.GroupKind][]string{pods: {
		object("a", "p1"), `{"metadata":"none"}`, object("a", "panic"), object("a", "unparsable"), object("a", "failing"), object("a", "p2"),
	}}}
	written := &reports{}
	judge := &reviewer{before: func(res *resource.Resource) {
		if res.Name == "panic" {
			panic("a bug")
		}
	}}
	var failures []string
	written.onWrite = func(r finding.Report) {
		for _, verdict := range r.Verdicts {
			for _, err := range verdict.Errors {
				failures = append(failures, verdict.Resource.Name+": "+err.Error())
			}
		}
	}
	pass, err := scan.New(scan.Options{Cluster: c, Reviewer: judge, Sink: written, Kinds: []schema.GroupKind{pods}, Log: testr.New(t)}).Pass(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"p1", "", "panic", "unparsable", "failing", "p2"}, written.names()); diff != "" {
		t.Errorf("reported (-want +got):\n%s", diff)
	}
	if len(failures) != 4 || pass.Errors != 4 || pass.Findings != 2 || pass.Resources != 6 {
		t.Errorf("failures %q, pass %+v", failures, pass)
	}
}

func TestPassEndsInTheMiddleWithItsContext(t *testing.T) {
	c := &cluster{objects: map[schema.GroupKind][]string{namespaces: {}, pods: objects("a", 100), roles: objects("a", 3)}}
	ctx, cancel := context.WithCancel(t.Context())
	written := &reports{}
	var judged atomic.Int64
	judge := &reviewer{before: func(*resource.Resource) {
		if judged.Add(1) == 5 {
			cancel()
		}
	}}
	_, err := scan.New(scan.Options{Cluster: c, Reviewer: judge, Sink: written, PageSize: 2, Workers: 2,
		Kinds: []schema.GroupKind{pods, roles}, Log: testr.New(t)}).Pass(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want that of the context", err)
	}
	for _, report := range written.all {
		if report.Complete || report.Pass {
			t.Errorf("report %+v of an interrupted pass", report)
		}
	}
}

func TestPassShowsRulesTheNamespace(t *testing.T) {
	labelled := `{"metadata":{"name":"prod","labels":{"tier":"gold"},"annotations":{"a":"b","kubectl.kubernetes.io/last-applied-configuration":"{}"}}}`
	for _, test := range []struct {
		name      string
		misbehave func(string) error
		want      *resource.Namespace
	}{
		{
			name: "with labels and annotations",
			want: &resource.Namespace{Name: "prod", Labels: map[string]string{"tier": "gold"}, Annotations: map[string]string{"a": "b"}},
		},
		{
			name: "not at all without the right to list namespaces",
			misbehave: func(request string) error {
				if strings.Contains(request, "Namespace") {
					return forbidden(namespaces)
				}
				return nil
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &cluster{misbehave: test.misbehave, objects: map[schema.GroupKind][]string{
				namespaces: {labelled}, pods: {object("prod", "p")}, clusterRoles: {object("", "c")},
			}}
			_, judge, pass := run(t, c, scan.Options{}, pods, clusterRoles)
			if diff := cmp.Diff(test.want, judge.reviewed[0].Namespace); diff != "" {
				t.Errorf("namespace of the pod (-want +got):\n%s", diff)
			}
			if judge.reviewed[1].Namespace != nil {
				t.Errorf("namespace of the cluster role: %+v", judge.reviewed[1].Namespace)
			}
			if len(pass.Failed) != 0 {
				t.Errorf("failed: %v", pass.Failed)
			}
		})
	}
}

func TestPassOverOneNamespace(t *testing.T) {
	c := &cluster{objects: map[schema.GroupKind][]string{
		namespaces: {object("", "prod"), object("", "other")}, pods: {object("prod", "p")}, clusterRoles: {object("", "c")},
	}}
	written, _, _ := run(t, c, scan.Options{Namespace: "prod"}, pods, clusterRoles, namespaces)
	want := []report{
		{Kind: "Pod", Names: []string{"p"}, Complete: true},
		{Kind: "Namespace", Names: []string{"prod"}, Complete: true},
		{Pass: true},
	}
	if diff := cmp.Diff(want, written.all); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"discovery", "Namespace/prod", "Pod in prod", "Namespace/prod"}, c.requests); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestPassClosesAKindThatTheServerNoLongerHas(t *testing.T) {
	c := &cluster{objects: map[schema.GroupKind][]string{namespaces: {}, pods: objects("a", 1), roles: objects("a", 1)}}
	written := &reports{}
	scanner := scan.New(scan.Options{Cluster: c, Reviewer: &reviewer{}, Sink: written, Kinds: []schema.GroupKind{pods, roles}, Log: testr.New(t)})
	if _, err := scanner.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	delete(c.objects, roles)
	pod := report{Kind: "Pod", Names: []string{"object-00000"}, Complete: true}
	for _, want := range [][]report{
		{{Kind: "Role", Complete: true}, pod, {Pass: true}},
		{pod, {Pass: true}}, // once is enough
	} {
		written.all = nil
		if _, err := scanner.Pass(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, written.all); diff != "" {
			t.Errorf("reports (-want +got):\n%s", diff)
		}
	}
}
