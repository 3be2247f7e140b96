package integration_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/yaml"

	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/test/envtest"
)

const manifests = "../../config/webhook/"

func TestWebhookManifests(t *testing.T) {
	cluster := envtest.Start(t)
	if _, stderr, code := cluster.Kubectl(t, "apply", "-f", manifests+"namespace.yaml"); code != 0 {
		t.Fatal(stderr)
	}
	// cert-manager's kinds are not known here, so its file is rendered only.
	if _, stderr, code := cluster.Kubectl(t, "kustomize", manifests); code != 0 {
		t.Error(stderr)
	}
	for _, file := range []string{"rbac", "status", "events", "coverage", "deployment", "service", "networkpolicy", "webhook"} {
		t.Run(file+" is accepted without a warning", func(t *testing.T) {
			stdout, stderr, code := cluster.Kubectl(t, "apply", "--dry-run=server", "--validate=strict", "-f", manifests+file+".yaml")
			if code != 0 || stderr != "" {
				t.Errorf("exit code %d: %s%s", code, stdout, stderr)
			}
		})
	}
}

// What is optional is one component each.
func TestComponents(t *testing.T) {
	cluster := envtest.Start(t)
	config, err := filepath.Abs("../../config")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		component string
		twice     []string // once in each program
		once      []string
	}{
		{"rules", []string{"--rules-configmaps=reeve-system"}, []string{"name: reeve-rules\n  namespace"}},
		{"configuration", []string{"--config=/etc/reeve/config/reeve.yaml", "mountPath: /etc/reeve/config", "name: XDG_CACHE_HOME"}, nil},
	} {
		t.Run(test.component, func(t *testing.T) {
			dir := t.TempDir()
			from, err := filepath.Rel(dir, config)
			if err != nil {
				t.Fatal(err)
			}
			text := "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [" + from + "/default]\ncomponents: [" + from + "/" + test.component + "]\n"
			if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			stdout, stderr, code := cluster.Kubectl(t, "kustomize", dir, "--load-restrictor", "LoadRestrictionsNone")
			if code != 0 {
				t.Fatalf("exit code %d: %s", code, stderr)
			}
			for want, list := range map[int][]string{2: test.twice, 1: test.once} {
				for _, part := range list {
					if n := strings.Count(stdout, part); n < want {
						t.Errorf("%q is there %d times, want %d", part, n, want)
					}
				}
			}
		})
	}
}

// Every kind that a built-in rule judges at admission must be sent.
func TestWebhookConfigurationCoversTheBuiltinRules(t *testing.T) {
	cluster := envtest.Start(t)
	text, err := os.ReadFile(manifests + "webhook.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var configuration admissionregistrationv1.ValidatingWebhookConfiguration
	if err := yaml.UnmarshalStrict(text, &configuration); err != nil {
		t.Fatal(err)
	}
	mapper := discoveredMapper(t, cluster)
	for _, rule := range enginetest.Builtin(t).Rules() {
		if !rule.At(finding.DoorAdmission) {
			continue
		}
		for _, kind := range rule.Kinds {
			mapping, err := mapper.RESTMapping(kind)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(configuration.Webhooks[0].Rules, func(r admissionregistrationv1.RuleWithOperations) bool {
				return slices.Contains(r.APIGroups, kind.Group) && slices.Contains(r.Resources, mapping.Resource.Resource)
			}) {
				t.Errorf("%s judges %s, which webhook.yaml does not send", rule.ID, kind)
			}
		}
	}
}

// The webhook may watch what the built-in rules read at admission, and exceptions,
// and no more.
func TestWebhookMayWatchWhatTheBuiltinRulesRead(t *testing.T) {
	cluster := envtest.Start(t)
	mapper := discoveredMapper(t, cluster)
	want := map[string]bool{"namespaces": true, "ruleexceptions.kubereeve.io": true}
	atAdmission := enginetest.Builtin(t).Filter(func(r *rule.Rule) bool { return r.At(finding.DoorAdmission) })
	for _, need := range atAdmission.Needs() {
		if need.Optional {
			continue
		}
		mapping, err := mapper.RESTMapping(need.Kind)
		if err != nil {
			t.Fatal(err)
		}
		want[mapping.Resource.GroupResource().String()] = true
	}
	text, err := os.ReadFile(manifests + "rbac.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]bool)
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		var role rbacv1.ClusterRole
		if err := yaml.Unmarshal([]byte(document), &role); err != nil {
			t.Fatal(err)
		}
		for _, allowed := range role.Rules {
			if !slices.Equal(allowed.Verbs, []string{"get", "list", "watch"}) {
				t.Errorf("verbs %v", allowed.Verbs)
			}
			for _, resource := range allowed.Resources {
				got[schema.GroupResource{Group: allowed.APIGroups[0], Resource: resource}.String()] = true
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rbac.yaml (-needed +allowed):\n%s", diff)
	}
}

// discoveredMapper returns what the API server calls the resources of kinds.
func discoveredMapper(t *testing.T, cluster *envtest.Cluster) meta.RESTMapper {
	t.Helper()
	client, err := discovery.NewDiscoveryClientForConfig(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	groups, err := restmapper.GetAPIGroupResources(client)
	if err != nil {
		t.Fatal(err)
	}
	return restmapper.NewDiscoveryRESTMapper(groups)
}
