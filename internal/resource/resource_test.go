package resource_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/resource"
)

func TestEveryWorkloadKindHasAPathToItsPodTemplate(t *testing.T) {
	want := map[string][]string{
		"Pod":                   {},
		"PodTemplate":           {"template"},
		"ReplicationController": {"spec", "template"},
		"Deployment.apps":       {"spec", "template"},
		"ReplicaSet.apps":       {"spec", "template"},
		"DaemonSet.apps":        {"spec", "template"},
		"StatefulSet.apps":      {"spec", "template"},
		"Job.batch":             {"spec", "template"},
		"CronJob.batch":         {"spec", "jobTemplate", "spec", "template"},
	}
	got := map[string][]string{}
	for _, kind := range resource.WorkloadKinds() {
		path, ok := resource.TemplatePath(kind)
		if !ok {
			t.Errorf("%s is a workload kind without a path", kind)
		}
		got[kind.String()] = path
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestOtherKindsAreNoWorkloads(t *testing.T) {
	for _, kind := range []schema.GroupKind{
		{},
		{Kind: "Deployment"},
		{Group: "example.org", Kind: "Deployment"},
		{Group: "apps", Kind: "Pod"},
		{Kind: "pod"},
		{Kind: "ConfigMap"},
	} {
		if path, ok := resource.TemplatePath(kind); ok {
			t.Errorf("%s has the path %v", kind, path)
		}
		if slices.Contains(resource.WorkloadKinds(), kind) {
			t.Errorf("%s is among the workload kinds", kind)
		}
	}
}

func TestAnIdentityReadsAsKindAndName(t *testing.T) {
	for _, test := range []struct {
		identity resource.Identity
		want     string
		kind     schema.GroupKind
	}{
		{resource.Identity{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "shop", Name: "web"}, "Deployment shop/web", schema.GroupKind{Group: "apps", Kind: "Deployment"}},
		{resource.Identity{APIVersion: "v1", Kind: "Node", Name: "n1"}, "Node n1", schema.GroupKind{Kind: "Node"}},
		{resource.Identity{APIVersion: "rbac.authorization.k8s.io/v1beta1", Kind: "ClusterRole", Name: "system:node"}, "ClusterRole system:node", schema.GroupKind{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}},
	} {
		if got := test.identity.String(); got != test.want {
			t.Errorf("%+v reads as %q, want %q", test.identity, got, test.want)
		}
		if got := test.identity.GroupKind(); got != test.kind {
			t.Errorf("%+v is of kind %v, want %v", test.identity, got, test.kind)
		}
	}
}
