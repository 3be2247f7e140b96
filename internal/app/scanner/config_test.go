package scanner

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/kubereeve/reeve/api/v1alpha1"
	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/scan"
)

var update = flag.Bool("update", false, "write config/scanner/clusterrole.yaml")

const configDir = "../../../config/scanner"

const clusterRoleHead = `# What the built-in rules judge and read, exceptions, and no more. Written by
# go test ./internal/app/scanner -run TestClusterRole -update
# Rules of your own for other kinds need a ClusterRole of their own beside it.
`

// TestClusterRole checks that the scanner may list what the built-in rules name
// and do nothing else but watch exceptions, and write Events and the statuses of
// exceptions.
func TestClusterRole(t *testing.T) {
	rules, err := (&app.RuleOptions{}).Load()
	if err != nil || len(rules.Problems) > 0 {
		t.Fatal(err, rules.Problems)
	}
	kinds, paths := scan.Reads(append(rules.Set.Kinds(), schema.GroupKind{Kind: "Namespace"}))
	for _, need := range rules.Set.Needs() {
		kinds = append(kinds, need.Kind)
	}
	want, err := yaml.Marshal(clusterRole(kinds, paths))
	if err != nil {
		t.Fatal(err)
	}
	want = append([]byte(clusterRoleHead), want...)
	path := filepath.Join(configDir, "clusterrole.yaml")
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is out of date; run this test with -update (-want +got):\n%s", path, diff)
	}
}

// clusterRole returns the role of a scanner that reads the given kinds and
// paths.
func clusterRole(kinds []schema.GroupKind, paths []string) *rbacv1.ClusterRole {
	resources := make(map[string][]string)
	for _, kind := range kinds {
		plural, _ := meta.UnsafeGuessKindToResource(kind.WithVersion("v1"))
		resources[kind.Group] = append(resources[kind.Group], plural.Resource)
	}
	role := &rbacv1.ClusterRole{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "ClusterRole"},
		ObjectMeta: metav1.ObjectMeta{Name: "reeve-scanner"},
	}
	for _, group := range slices.Sorted(maps.Keys(resources)) {
		slices.Sort(resources[group])
		role.Rules = append(role.Rules, rbacv1.PolicyRule{
			APIGroups: []string{group}, Resources: slices.Compact(resources[group]), Verbs: []string{"list"},
		})
	}
	if len(paths) > 0 {
		role.Rules = append(role.Rules, rbacv1.PolicyRule{NonResourceURLs: paths, Verbs: []string{"get"}})
	}
	role.Rules = append(role.Rules,
		rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"events"}, Verbs: []string{"create"}},
		rbacv1.PolicyRule{APIGroups: []string{v1alpha1.Group}, Resources: []string{"ruleexceptions"}, Verbs: []string{"list", "watch"}},
		rbacv1.PolicyRule{APIGroups: []string{v1alpha1.Group}, Resources: []string{"ruleexceptions/status"}, Verbs: []string{"patch"}})
	return role
}

// TestConfigObeysTheRules judges the scanner's own manifests by the built-in
// rules.
func TestConfigObeysTheRules(t *testing.T) {
	rules, err := (&app.RuleOptions{}).Load()
	if err != nil {
		t.Fatal(err)
	}
	var objects []*resource.Resource
	inventory := engine.NewInventory()
	for _, need := range rules.Set.Needs() {
		if err := inventory.Replace(need.Kind, nil); err != nil {
			t.Fatal(err)
		}
	}
	reviewer, err := rules.Reviewer(engine.Options{Inventory: inventory})
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(configDir, "*.yaml"))
	if err != nil || len(files) < 8 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "kustomization.yaml") {
			continue
		}
		objects = append(objects, readManifest(t, file))
	}
	judged := 0
	for _, object := range objects {
		verdict, err := reviewer.Review(t.Context(), object)
		if err != nil || len(verdict.Errors) > 0 {
			t.Errorf("%s: %v %v", object, err, verdict.Errors)
		}
		if reviewer.Judges(object) {
			judged++
		}
		for _, f := range verdict.Findings {
			// Of the low ones, some are matters of the cluster it runs in: the
			// image's digest, a CPU limit, a second replica, a priority class.
			if f.Severity >= finding.Medium {
				t.Errorf("%s: %s", object, f.Line())
			}
		}
	}
	if judged < 3 {
		t.Errorf("%d objects were judged, want at least the Deployment and the roles", judged)
	}
}

func readManifest(t *testing.T, file string) *resource.Resource {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("\n---")) {
		t.Fatalf("%s holds more than one object", file)
	}
	raw, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	res, err := resource.FromObject(raw, schema.GroupVersionKind{})
	if err != nil {
		t.Fatal(err)
	}
	return res
}
