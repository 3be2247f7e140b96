package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/manifest"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect/kubescape"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// kubescapeForms are bodies of rules in the forms that go through a list of
// objects, each finding something in the cluster below. Joined says whether the
// rule has to see other objects.
var kubescapeForms = []struct {
	name   string
	v1     bool
	joined bool
	finds  int
	body   string
}{
	{"an assignment", false, false, 4, `deny[msga] { x := input[_]; x.kind == "Pod"; msga := response(x) }`},
	{"a unification", false, false, 4, `deny[msga] { x = input[i]; x.kind == "Pod"; msga = response(x) }`},
	{"a unification the other way", false, false, 4, `deny[msga] { input[_] = x; "Pod" == x.kind; msga := response(x) }`},
	{"some in", true, false, 4, `deny contains msga if { some x in input; x.kind == "Pod"; msga := response(x) }`},
	{"some with its number", true, false, 4, `deny contains msga if { some i, x in input; x.kind in ["Pod"]; msga := response(x) }`},
	{"a set of kinds", false, false, 6, `deny[msga] { x := input[_]; kinds := {"Pod", "Namespace"}; kinds[x.kind]; msga := response(x) }`},
	{"a list of some", false, false, 4, `deny[msga] { xs := [x | x = input[_]; x.kind == "Pod"]; x := xs[_]; msga := response(x) }`},
	{"a list of another name", true, false, 4, `deny contains msga if { xs := [p | p := input[_]; p.kind == "Pod"]; some x in xs; msga := response(x) }`},
	{"two bodies", false, false, 6, `deny[msga] { x := input[_]; x.kind == "Pod"; msga := response(x) }
		deny[msga] { x := input[_]; x.kind == "Namespace"; msga := response(x) }`},
	{"another name", false, false, 4, `found[msga] { x := input[_]; x.kind == "Pod"; msga := {"alertMessage": x.metadata.name, "alertObject": {"k8SApiObjects": [x]}} }`},
	{"the result in the head", false, false, 4, `deny[{"alertMessage": x.metadata.name, "alertObject": {"k8sApiObjects": [x]}}] { x := input[_]; x.kind == "Pod" }`},
	{"a list that is counted", false, true, 0, `deny[msga] { xs := [x | x = input[_]; x.kind == "Pod"]; count(xs) < 2; x := xs[_]; msga := response(x) }`},
	{"a list that is counted and finds", false, true, 4, `deny[msga] { xs := [x | x = input[_]; x.kind == "Pod"]; count(xs) > 2; x := xs[_]; msga := response(x) }`},
	{"every", true, true, 2, `deny contains msga if { every n in input { n.kind in ["Namespace", "Pod", "Service", "ServiceAccount"] }
		some x in input; x.kind == "Namespace"; msga := response(x) }`},
	{"input as an argument", false, true, 3, `deny[msga] { x := input[_]; x.kind == "Pod"; not served(x, input); msga := {"alertMessage": x.metadata.name, "alertObject": {"k8sApiObjects": [x]}} }
		served(pod, all) { s := all[_]; s.kind == "Service"; s.spec.selector == pod.metadata.labels; s.metadata.namespace == pod.metadata.namespace }`},
	{"a helper that reads input", false, true, 1, `deny[msga] { x := input[_]; x.kind == "Pod"; served(x); msga := {"alertMessage": x.metadata.name, "alertObject": {"k8sApiObjects": [x]}} }
		served(pod) { s := input[_]; s.kind == "Service"; s.spec.selector == pod.metadata.labels; s.metadata.namespace == pod.metadata.namespace }`},
	{"a helper that holds the objects", false, true, 4, `pods[x] { x := input[_]; x.kind == "Pod" }
		deny[msga] { x := pods[_]; msga := response(x) }`},
	{"two at once", false, true, 1, `deny[msga] { x := input[_]; x.kind == "Pod"; s := input[_]; s.kind == "Service"; s.spec.selector == x.metadata.labels
		s.metadata.namespace == x.metadata.namespace; msga := {"alertMessage": s.metadata.name, "alertObject": {"k8sApiObjects": [x]}} }`},
	{"about the second", false, true, 1, `deny[msga] { x := input[_]; x.kind == "Pod"; s := input[_]; s.kind == "Service"; s.spec.selector == x.metadata.labels
		s.metadata.namespace == x.metadata.namespace; msga := {"alertMessage": x.metadata.name, "alertObject": {"k8sApiObjects": [s]}} }`},
	{"about both", false, true, 2, `deny[msga] { x := input[_]; x.kind == "Pod"; s := input[_]; s.kind == "Service"; s.spec.selector == x.metadata.labels
		s.metadata.namespace == x.metadata.namespace; msga := {"alertMessage": "both", "alertObject": {"k8sApiObjects": [x, s]}} }`},
	{"two of one kind", false, true, 4, `deny[msga] { x := input[_]; x.kind == "Pod"; y := input[_]; y.kind == "Pod"; x.metadata.name != y.metadata.name
		x.metadata.namespace == y.metadata.namespace; msga := {"alertMessage": y.metadata.name, "alertObject": {"k8sApiObjects": [x]}} }`},
	{"an object written by the rule", false, true, 1, `deny[msga] { x := input[_]; x.kind == "Pod"; s := input[_]; s.kind == "Service"; s.spec.selector == x.metadata.labels
		s.metadata.namespace == x.metadata.namespace; v := {"name": x.metadata.name, "namespace": x.metadata.namespace, "kind": x.kind, "relatedObjects": [s]}
		msga := {"alertMessage": s.metadata.name, "alertObject": {"k8sApiObjects": [], "externalObjects": v}} }`},
	{"an object written by the rule with metadata", false, true, 1, `deny[msga] { xs := [p | p = input[_]; p.kind == "Pod"]; ss := [s | s = input[_]; s.kind == "Service"]; x := xs[_]; s := ss[_]
		s.spec.selector == x.metadata.labels; s.metadata.namespace == x.metadata.namespace; metadata = {"name": x.metadata.name, "namespace": x.metadata.namespace}
		v = {"kind": x.kind, "metadata": metadata, "relatedObjects": [x, s]}
		msga := {"alertMessage": s.metadata.name, "alertObject": {"externalObjects": v}} }`},
	{"a negated look at all", false, true, 1, `deny[msga] { x := input[_]; x.kind == "Namespace"; names := [p.metadata.namespace | p = input[_]; p.kind == "Service"]
		not has(names, x.metadata.name); msga := {"alertMessage": x.metadata.name, "alertObject": {"k8sApiObjects": [x]}} }
		has(list, element) { list[_] == element }`},
	{"one body alone and one together", false, true, 3, `deny[msga] { x := input[_]; x.kind == "Namespace"; msga := response(x) }
		deny[msga] { x := input[_]; x.kind == "Pod"; s := input[_]; s.kind == "Service"; s.spec.selector == x.metadata.labels
		s.metadata.namespace == x.metadata.namespace; msga := {"alertMessage": s.metadata.name, "alertObject": {"k8sApiObjects": [x]}} }`},
	{"a helper by its full name", false, true, 3, `deny[msga] { x := input[_]; x.kind == "Pod"; not data.armo_builtins.served(x); msga := {"alertMessage": x.metadata.name, "alertObject": {"k8sApiObjects": [x]}} }
		served(pod) { s := input[_]; s.kind == "Service"; s.spec.selector == pod.metadata.labels; s.metadata.namespace == pod.metadata.namespace }`},
	{"helpers by the name of an import", false, true, 4, `import data.armo_builtins as me
		deny[msga] { count(me.pods) > 1; x := me.pods[_]; msga := me.response(x) }
		pods[x] { x := input[_]; x.kind == "Pod" }`},
	{"findings that another rule reads", false, true, 6, `deny[msga] { not good; x := input[_]; x.kind == "Namespace"; msga := {"alertMessage": "x", "alertObject": {"k8sApiObjects": [x]}} }
		good { count(bad) == 0 }
		bad[msga] { x := input[_]; x.kind == "Pod"; msga := {"alertMessage": "bad", "alertObject": {"k8sApiObjects": [x]}} }`},
	{"the place of an object", false, true, 4, `deny[msga] { x := input[i]; i > 0; x.kind == "Pod"; msga := response(x) }`},
	{"nothing named", false, true, 0, `deny[msga] { count([p | p := input[_]; p.kind == "NetworkPolicy"]) == 0; msga := {"alertMessage": "none"} }`},
	{"a review by hand", false, false, 0, `deny[msga] { msga := {"alertMessage": "by hand", "alertObject": {"k8sObject": []}} }`},
}

const kubescapeCluster = `
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: bare}}
---
{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop, labels: {app: a}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b, namespace: shop, labels: {app: b}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: bare, labels: {app: a}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: c, namespace: bare}}
---
{apiVersion: v1, kind: Service, metadata: {name: a, namespace: shop}, spec: {selector: {app: a}}}
`

const kubescapeMetadata = `{"name": "form", "match": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["Namespace", "Pod", "Service", "ServiceAccount"]}]}`

// Kubescape asks a rule once about all objects. Asked about one after the other,
// it must find the same.
func TestRulesOfKubescapeFindTheSameAskedAboutOneObjectAtATime(t *testing.T) {
	for _, form := range kubescapeForms {
		t.Run(form.name, func(t *testing.T) {
			text := "package armo_builtins\n" + form.body + "\n"
			helper := `response(x) = {"alertMessage": x.metadata.name, "alertObject": {"k8sApiObjects": [x]}} { true }`
			if form.v1 {
				text = "package armo_builtins\nimport rego.v1\n" + form.body + "\n"
				helper = `response(x) := {"alertMessage": x.metadata.name, "alertObject": {"k8sApiObjects": [x]}}`
			}
			text += helper
			want := askedAtOnce(t, text)
			if len(want) != form.finds {
				t.Errorf("finds %d at once, want %d: %v", len(want), form.finds, want)
			}
			set, problems := source.Load([]rule.Reader{kubescape.Reader{}}, source.Source{Name: "tree", FS: fstest.MapFS{
				"form/raw.rego":           {Data: []byte(text)},
				"form/rule.metadata.json": {Data: []byte(kubescapeMetadata)},
			}})
			for _, problem := range problems {
				t.Fatal(problem)
			}
			if joined := len(set.Needs()) > 0; joined != form.joined {
				t.Errorf("needs other objects: %t, want %t", joined, form.joined)
			}
			if diff := cmp.Diff(want, askedOneByOne(t, set)); diff != "" {
				t.Errorf("(-at once +one by one)\n%s", diff)
			}
		})
	}
}

func kubescapeObjects(t *testing.T) []*resource.Resource {
	t.Helper()
	read := manifest.Parse("cluster.yaml", []byte(kubescapeCluster))
	if len(read.Problems) > 0 {
		t.Fatal(read.Problems)
	}
	objects := make([]*resource.Resource, len(read.Objects))
	for i, object := range read.Objects {
		objects[i] = object.Resource
	}
	return objects
}

// askedAtOnce evaluates a rule as Kubescape does, and returns kind, object and
// message of what it finds.
func askedAtOnce(t *testing.T, text string) []string {
	t.Helper()
	var input []*ast.Term
	for _, object := range kubescapeObjects(t) {
		value, err := ast.ValueFromReader(strings.NewReader(string(object.Object)))
		if err != nil {
			t.Fatal(err)
		}
		input = append(input, ast.NewTerm(value))
	}
	results, err := rego.New(rego.Module("raw.rego", text), rego.SetRegoVersion(ast.RegoV0), rego.Query("data.armo_builtins"),
		rego.ParsedInput(ast.NewArray(input...)), rego.Store(inmem.New())).Eval(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	found := []string{}
	for name, value := range results[0].Expressions[0].Value.(map[string]any) {
		responses, ok := value.([]any)
		if !ok || name == "pods" {
			continue
		}
		for _, response := range responses {
			alert, _ := response.(map[string]any)["alertObject"].(map[string]any)
			var objects []any
			for _, field := range []string{"k8sApiObjects", "k8SApiObjects"} {
				list, _ := alert[field].([]any)
				objects = append(objects, list...)
			}
			if external := alert["externalObjects"]; external != nil {
				objects = append(objects, external)
			}
			for _, object := range objects {
				fields := object.(map[string]any)
				metadata, ok := fields["metadata"].(map[string]any)
				if !ok {
					metadata = fields
				}
				namespace, _ := metadata["namespace"].(string)
				found = append(found, fmt.Sprintf("%s %s/%s: %s", fields["kind"], namespace, metadata["name"], response.(map[string]any)["alertMessage"]))
			}
		}
	}
	slices.Sort(found)
	return found
}

// askedOneByOne judges every object of the cluster.
func askedOneByOne(t *testing.T, set *rule.Set) []string {
	t.Helper()
	objects := kubescapeObjects(t)
	inventory := engine.NewInventory()
	if err := inventory.Fill(set.Needs(), objects); err != nil {
		t.Fatal(err)
	}
	e := newEngine(t, set, engine.Options{Inventory: inventory})
	found := []string{}
	for _, object := range objects {
		matches, failures, err := e.Evaluate(context.Background(), object, engine.Scan)
		if err != nil || len(failures) > 0 {
			t.Fatalf("failures %v, error %v", failures, err)
		}
		for _, match := range matches {
			found = append(found, fmt.Sprintf("%s %s/%s: %s", object.Kind, object.EffectiveNamespace(), object.Name, match.Message))
		}
	}
	slices.Sort(found)
	return found
}
