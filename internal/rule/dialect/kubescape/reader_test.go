package kubescape_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect/kubescape"
	"github.com/kubereeve/reeve/internal/rule/source"
)

const (
	finds    = "package armo_builtins\ndeny[msga] { x := input[_]; msga := {\"alertMessage\": x.kind, \"alertObject\": {\"k8sApiObjects\": [x]}} }\n"
	podsOnly = `{"name": "pods", "match": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["Pod"]}]}`
)

// load returns the rules of a tree and what is wrong with it.
func load(files map[string]string) (*rule.Set, []string) {
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	set, problems := source.Load([]rule.Reader{kubescape.Reader{}}, source.Source{FS: tree, Name: "tree"})
	var texts []string
	for _, problem := range problems {
		texts = append(texts, problem.Error())
	}
	return set, texts
}

func ids(set *rule.Set) []string {
	var ids []string
	for _, r := range set.Rules() {
		ids = append(ids, r.ID)
	}
	return ids
}

func TestFoldersOfRulesLoad(t *testing.T) {
	for _, test := range []struct {
		name     string
		files    map[string]string
		ids      []string
		problems []string
	}{
		{"a rule with metadata", map[string]string{"a/raw.rego": finds, "a/rule.metadata.json": podsOnly}, []string{"kubescape/pods"}, nil},
		{"a rule without", map[string]string{"rules/a/raw.rego": finds}, []string{"kubescape/a"}, nil},
		{"a rule at the root", map[string]string{"raw.rego": finds, "rule.metadata.json": podsOnly}, []string{"kubescape/pods"}, nil},
		{"a rule at the root without metadata", map[string]string{"raw.rego": finds}, []string{"kubescape/raw"}, nil},
		{"a rule in a file of another name", map[string]string{"test-single/mine.rego": finds, "test-single/rule.metadata.json": podsOnly}, []string{"kubescape/pods"}, nil},
		{"metadata without a rule beside it", map[string]string{"a/raw.rego": finds, "b/rule.metadata.json": podsOnly}, []string{"kubescape/a"}, nil},
		{"a filter beside the rule", map[string]string{"a/raw.rego": finds, "a/filter.rego": finds}, []string{"kubescape/a"}, nil},
		{"a file that only counts", map[string]string{"a/raw.rego": finds, "resource-counters/c.rego": "package armo_builtins\ndeny[m] { n := count(input); m := {\"alertObject\": {\"externalObjects\": {\"n\": n}}} }\n"}, []string{"kubescape/a"}, nil},
		{"a rule that another has replaced", map[string]string{"a/raw.rego": finds, "b/raw.rego": finds, "b/rule.metadata.json": `{"name": "old", "attributes": {"useUntilKubescapeVersion": "v1.0.0"}}`}, []string{"kubescape/a"}, nil},
		{"a rule for a service", map[string]string{"a/raw.rego": finds, "b/raw.rego": "package armo_builtins\ndeny[m] { x := input[_]; m := armo.scan(x) }\n", "b/rule.metadata.json": `{"name": "scan", "attributes": {"armoOpa": "true"}}`}, []string{"kubescape/a"}, nil},
		{"attributes that say nothing", map[string]string{"a/raw.rego": finds, "a/rule.metadata.json": `{"name": "new", "attributes": {"useUntilKubescapeVersion": null, "armoOpa": false, "useFromKubescapeVersion": "v1.0.0"}}`}, []string{"kubescape/new"}, nil},
		{"two rules in one folder", map[string]string{"a/raw.rego": finds, "a/more.rego": finds}, []string{"kubescape/a", "kubescape/more"}, nil},
		{"two rules of one name", map[string]string{"a/raw.rego": finds, "a/rule.metadata.json": podsOnly, "b/raw.rego": finds, "b/rule.metadata.json": podsOnly}, []string{"kubescape/b", "kubescape/pods"}, nil},
		{"lines of Windows", map[string]string{"a/raw.rego": strings.ReplaceAll(finds, "\n", "\r\n")}, []string{"kubescape/a"}, nil},
		{"a name with spaces", map[string]string{"K8s labels/raw.rego": finds}, []string{"kubescape/K8s labels"}, nil},
		{"metadata with a comma after the last element", map[string]string{"a/raw.rego": finds, "a/rule.metadata.json": strings.Replace(podsOnly, "}", ",}", 1)}, []string{"kubescape/pods"}, nil},
		{"metadata that is no JSON", map[string]string{"a/raw.rego": finds, "a/rule.metadata.json": "{", "b/raw.rego": finds}, []string{"kubescape/b"}, []string{"tree/a/rule.metadata.json: rule.metadata.json cannot be read: "}},
		{"metadata without a name", map[string]string{"a/raw.rego": finds, "a/rule.metadata.json": "{}", "b/raw.rego": finds}, []string{"kubescape/b"}, []string{"tree/a/rule.metadata.json: rule.metadata.json has no name; write the rule's name there"}},
		{"a rule in another language", map[string]string{"a/raw.rego": finds, "a/rule.metadata.json": `{"name": "a", "ruleLanguage": "CEL"}`}, nil, []string{`tree/a/rule.metadata.json: the rule is passed over: ruleLanguage is "CEL", and only Rego is known`}},
		{"a rule that asks a registry", map[string]string{"a/raw.rego": "package armo_builtins\n\ndeny[msga] { x := input[_]; not cosign.verify(x.image, \"k\"); msga := {\"alertMessage\": \"x\"} }\n"}, nil, []string{"tree/a/raw.rego:3: the rule is passed over: it calls cosign.verify, which asks others over the network"}},
		{"a rule that finds nothing", map[string]string{"a/raw.rego": "package armo_builtins\nx := 1\n"}, nil, []string{"tree/a/raw.rego:1: the rule finds nothing: "}},
		{"inputs that are no JSON", map[string]string{"a/raw.rego": finds, "default-config-inputs.json": `{"settings": {"postureControlInputs": [`}, []string{"kubescape/a"}, []string{"tree/default-config-inputs.json: "}},
		{"a control that is no JSON", map[string]string{"a/raw.rego": finds, "controls/c.json": `{"rulesNames": [}`}, []string{"kubescape/a"}, []string{"tree/controls/c.json: "}},
	} {
		t.Run(test.name, func(t *testing.T) {
			set, problems := load(test.files)
			if diff := cmp.Diff(test.ids, ids(set)); diff != "" {
				t.Errorf("rules (-want +got)\n%s", diff)
			}
			if !slices.EqualFunc(test.problems, problems, func(want, got string) bool { return strings.HasPrefix(got, want) }) {
				t.Errorf("problems %q, want %q", problems, test.problems)
			}
		})
	}
}

func TestMetadataAndControlsDescribeRules(t *testing.T) {
	set, problems := load(map[string]string{
		"rules/a/raw.rego": finds,
		"rules/a/rule.metadata.json": `{"name": "a", "description": "What it finds.", "remediation": "Do it.", "attributes": {"armoBuiltin": true},
			"match": [{"apiGroups": [""], "resources": ["Pod"]}, {"apiGroups": ["apps"], "resources": ["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"]}, {"apiGroups": ["batch"], "resources": ["Job", "CronJob"]}],
			"dynamicMatch": [{"apiGroups": ["hostdata.kubescape.cloud"], "resources": ["KubeletInfo"]}]}`,
		"rules/b/raw.rego":           finds,
		"rules/b/rule.metadata.json": `{"name": "b", "match": [{"apiGroups": ["*"], "resources": ["*"]}]}`,
		"rules/c/raw.rego":           finds,
		"rules/c/rule.metadata.json": `{"name": "c", "match": []}`,
		"controls/1.json":            `{"controlID": "C-1", "name": "One", "baseScore": 3, "rulesNames": ["a", "b"], "description": "One.", "remediation": "One!"}`,
		"controls/2.json":            `{"controlID": "C-2", "name": "Two", "baseScore": 7.5, "rulesNames": ["a"]}`,
		"frameworks/nsa.json":        `{"name": "NSA", "activeControls": [{"controlID": "C-2", "patch": {"name": "Two"}}]}`,
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	a, b, c := set.Rule("kubescape/a"), set.Rule("kubescape/b"), set.Rule("kubescape/c")
	if a.Severity != finding.High || a.Mode != finding.Warn || a.Description != "What it finds." || a.Remediation != "Do it." || !a.Template || len(a.Kinds) != 8 {
		t.Errorf("%+v", a)
	}
	if diff := cmp.Diff(map[string][]string{"kubescape": {"C-1", "C-2"}, "kubescape-nsa": {"C-2"}}, a.Controls); diff != "" {
		t.Errorf("controls (-want +got)\n%s", diff)
	}
	if b.Severity != finding.Low || b.Title != "One" || b.Description != "One." || b.Remediation != "One!" || len(b.Kinds) != 1 {
		t.Errorf("%+v", b)
	}
	if len(c.Kinds) != 0 || c.Severity != finding.Medium {
		t.Errorf("%+v", c)
	}
}

func TestRulesForCloudsAreForTheirClustersAlone(t *testing.T) {
	const described = `{"name": "pods", "match": [], "dynamicMatch": [{"apiGroups": ["eks.amazonaws.com"], "resources": ["ClusterDescribe"]}]}`
	control := func(id, matches string) string {
		return fmt.Sprintf(`{"controlID": %q, "rulesNames": ["pods"], "scanningScope": {"matches": %s}}`, id, matches)
	}
	for _, test := range []struct {
		name, cloud, metadata string
		scopes                []string
		loads                 bool
	}{
		{"no scope", "", podsOnly, []string{"[]"}, true},
		{"every cluster", "", podsOnly, []string{`["cluster", "EKS"]`}, true},
		{"files", "", podsOnly, []string{`["file"]`}, true},
		{"another cluster", "", podsOnly, []string{`["EKS"]`}, false},
		{"another cloud", "aks", podsOnly, []string{`["EKS"]`}, false},
		{"its cloud", "EKS", podsOnly, []string{`["EKS"]`}, true},
		{"any cloud", "gke", podsOnly, []string{`["cloud"]`}, true},
		{"any cloud where there is none", "", podsOnly, []string{`["cloud"]`}, false},
		{"another control that is for all", "", podsOnly, []string{`["EKS"]`, `["cluster"]`}, true},
		{"a list within the list", "", podsOnly, []string{`[["EKS", "AKS"]]`}, false},
		{"what only that cloud has", "", described, []string{`["EKS"]`}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			tree := fstest.MapFS{"a/raw.rego": {Data: []byte(finds)}, "a/rule.metadata.json": {Data: []byte(test.metadata)}, "b/raw.rego": {Data: []byte(finds)}}
			for i, scope := range test.scopes {
				id := fmt.Sprintf("C-%d", i)
				tree["controls/"+id+".json"] = &fstest.MapFile{Data: []byte(control(id, scope))}
			}
			options := kubescape.Options{Cluster: map[string]string{"cloudProvider": test.cloud}}
			set, problems := source.Load([]rule.Reader{kubescape.Reader{Options: options}}, source.Source{FS: tree, Name: "tree"})
			if loads := set.Rule("kubescape/pods") != nil; loads != test.loads || len(problems) > 0 {
				t.Errorf("loads: %v, problems %v", loads, problems)
			}
		})
	}
}

func TestKindsAreKnownByWhateverNameRulesGiveThem(t *testing.T) {
	for _, test := range []struct {
		name, group, resource string
		want                  schema.GroupKind
	}{
		{"groups left out", "none", "Pod", schema.GroupKind{Kind: "Pod"}},
		{"a kind as Kubernetes writes it", "apps", "Deployment", schema.GroupKind{Group: "apps", Kind: "Deployment"}},
		{"small letters", "", "Serviceaccount", schema.GroupKind{Kind: "ServiceAccount"}},
		{"the plural", "networking.k8s.io", "networkpolicies", schema.GroupKind{Group: "networking.k8s.io", Kind: "NetworkPolicy"}},
		{"a plural that is the singular", "", "Endpoints", schema.GroupKind{Kind: "Endpoints"}},
		{"any group", "*", "Ingress", schema.GroupKind{Group: "networking.k8s.io", Kind: "Ingress"}},
		{"no group", "", "ClusterRole", schema.GroupKind{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}},
		{"the name in a group of others", "serving.knative.dev", "services", schema.GroupKind{Group: "serving.knative.dev", Kind: "Service"}},
		{"a kind of others", "example.com", "widget", schema.GroupKind{Group: "example.com", Kind: "widget"}},
		{"a kind of others in any group", "*", "Widget", schema.GroupKind{Group: "*", Kind: "Widget"}},
		{"every kind", "*", "*", schema.GroupKind{Group: "*", Kind: "*"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			set, problems := load(map[string]string{
				"a/raw.rego": finds,
				"a/rule.metadata.json": strings.Replace(
					fmt.Sprintf(`{"name": "a", "match": [{"apiGroups": [%q], "resources": [%q]}]}`, test.group, test.resource), `"none"`, "", 1),
			})
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			if diff := cmp.Diff([]schema.GroupKind{test.want}, set.Rule("kubescape/a").Kinds); diff != "" {
				t.Errorf("kinds (-want +got)\n%s", diff)
			}
		})
	}
}

func TestWhatARuleIsMadeOfIsPartOfTheRevision(t *testing.T) {
	files := map[string]string{"a/raw.rego": finds, "a/rule.metadata.json": podsOnly}
	first, _ := load(files)
	for name, text := range map[string]string{
		"a/rule.metadata.json":       strings.Replace(podsOnly, "Pod", "Node", 1),
		"controls/1.json":            `{"controlID": "C-1", "baseScore": 9, "rulesNames": ["pods"]}`,
		"default-config-inputs.json": `{"settings": {"postureControlInputs": {"recommendedLabels": ["x"]}}}`,
	} {
		changed := map[string]string{"a/raw.rego": finds, "a/rule.metadata.json": podsOnly, name: text}
		if second, problems := load(changed); second.Revision() == first.Revision() || len(problems) > 0 {
			t.Errorf("%s: the revision is the same, problems %v", name, problems)
		}
	}
}

func TestATreeWithoutRulesOfKubescapeIsLeftAlone(t *testing.T) {
	_, problems := load(map[string]string{"x.rego": "package cautils\nx := 1\n", "controls/1.json": `{"rulesNames": [`})
	if len(problems) != 1 || !strings.Contains(problems[0], "package cautils is not a rule Reeve knows") {
		t.Errorf("problems %q", problems)
	}
}

func FuzzReadMetadata(f *testing.F) {
	f.Add([]byte(podsOnly))
	f.Add([]byte(`{"Name": "a", "match": [{"apiGroups": null, "resources": ["Pod", ""]}], "attributes": {"resourcesAggregator": 1}}`))
	f.Add([]byte("[]"))
	f.Fuzz(func(t *testing.T, content []byte) {
		metadata, err := kubescape.ReadMetadata(content)
		if err == nil && strings.TrimSpace(metadata.Name) == "" {
			t.Error("a rule without a name")
		}
		load(map[string]string{"a/raw.rego": finds, "a/rule.metadata.json": string(content), "inputs.json": string(content)})
	})
}

func TestARuleOnEveryKindReadsThoseThatItNames(t *testing.T) {
	for metadata, want := range map[string][]string{`"match": [{"apiGroups": ["*"], "resources": ["*"]}]`: {"Pod", "Service"}, `"match": [{"apiGroups": [""], "resources": ["Pod"]}]`: {"Pod"}} {
		set, problems := load(map[string]string{
			"a/raw.rego":           "package armo_builtins\ndeny[m] { x := input[_]; x.kind == \"Pod\"; y := input[_]; y.kind == \"Service\"; m := {\"alertMessage\": \"a Node\", \"alertObject\": {\"k8sApiObjects\": [x]}} }\n",
			"a/rule.metadata.json": `{"name": "a", ` + metadata + "}",
		})
		var got []string
		for _, need := range set.Needs() {
			got = append(got, need.Kind.Kind)
		}
		if diff := cmp.Diff(want, got); diff != "" || len(problems) > 0 {
			t.Errorf("%s: %v (-want +got)\n%s", metadata, problems, diff)
		}
	}
}

func TestARuleComparesObjectsWhoseLibraryReadsInput(t *testing.T) {
	for library, joined := range map[string]bool{
		"package lib\npods[p] { p := input[_]; p.kind == \"Pod\" }\n":                      true,
		"package lib\nimport input as objects\npods[objects[_]] { true }\n":                true,
		"package lib\npods[p] { s := seen[p]; s.at }\nseen[input[_]].at = true { true }\n": true,
		"package lib\npods[p] { p := data.postureControlInputs.x[_] }\n":                   false,
	} {
		set, problems := load(map[string]string{
			"a/raw.rego":           "package armo_builtins\nimport data.lib\ndeny[m] { x := input[_]; lib.pods[x]; m := {\"alertMessage\": \"x\", \"alertObject\": {\"k8sApiObjects\": [x]}} }\n",
			"a/rule.metadata.json": podsOnly,
			"lib/lib.rego":         library,
		})
		if got := len(set.Needs()) > 0; got != joined || len(problems) > 0 {
			t.Errorf("%s: needs other objects: %t, want %t, problems %v", library, got, joined, problems)
		}
	}
}
