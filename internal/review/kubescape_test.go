package review_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/manifest"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect/kubescape"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// kubescapeRule returns the files of a rule.
func kubescapeRule(name, attributes, match, rego string) map[string]string {
	return map[string]string{
		"rules/" + name + "/raw.rego": rego,
		"rules/" + name + "/rule.metadata.json": fmt.Sprintf(
			`{"name": %q, "attributes": {%s}, "ruleLanguage": "Rego", "match": [%s], "dynamicMatch": [], "description": "What %[1]s is about."}`, name, attributes, match),
	}
}

func kinds(group string, names ...string) string {
	return fmt.Sprintf(`{"apiGroups": [%q], "apiVersions": ["*"], "resources": ["%s"]}`, group, strings.Join(names, `", "`))
}

const workloads = `{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["Pod"]}, {"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["Deployment"]}`

// cluster is a rule set and all objects of a cluster.
type cluster struct {
	set      *rule.Set
	reviewer *review.Reviewer
	objects  []*resource.Resource
}

func newCluster(t testing.TB, options kubescape.Options, files map[string]string, manifests string) *cluster {
	t.Helper()
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	set, problems := source.Load([]rule.Reader{kubescape.Reader{Options: options}}, source.Source{FS: tree, Name: "library"})
	for _, problem := range problems {
		t.Error(problem)
	}
	c := &cluster{set: set}
	read := manifest.Parse("objects.yaml", []byte(manifests))
	for _, problem := range read.Problems {
		t.Error(problem)
	}
	for _, object := range read.Objects {
		c.objects = append(c.objects, object.Resource)
	}
	inventory := engine.NewInventory()
	if err := inventory.Fill(set.Needs(), c.objects); err != nil {
		t.Fatal(err)
	}
	e, problems, err := engine.New(set, engine.Options{Inventory: inventory})
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Error(problem)
	}
	policy, err := review.NewPolicy(review.PolicyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.reviewer = review.New(e, policy)
	return c
}

// scan judges all objects and returns the findings as text, sorted.
func (c *cluster) scan(t testing.TB, operation resource.Operation) []string {
	t.Helper()
	found := []string{}
	for _, object := range c.objects {
		object.Operation = operation
		verdict, err := c.reviewer.Review(context.Background(), object)
		if err != nil {
			t.Fatal(err)
		}
		for _, failure := range verdict.Errors {
			t.Errorf("%s: %+v", object, failure)
		}
		for _, f := range verdict.Findings {
			text := fmt.Sprintf("%s: %s %s", object.Identity, f.Rule, f.Message)
			if f.Path != "" {
				text += " [" + f.Path + "]"
			}
			found = append(found, text)
		}
	}
	slices.Sort(found)
	return found
}

const privilegedV0 = `package armo_builtins

deny[msga] {
	pod := input[_]
	pod.kind == "Pod"
	container := pod.spec.containers[i]
	bad(container)
	path := sprintf("spec.containers[%v].securityContext.privileged", [i])
	msga := {
		"alertMessage": sprintf("%v is privileged", [pod.metadata.name]), "alertScore": 8,
		"failedPaths": [path], "fixPaths": [],
		"alertObject": {"k8sApiObjects": [pod]},
	}
}

deny[msga] {
	wl := input[_]
	kinds := {"Deployment", "DaemonSet"}
	kinds[wl.kind]
	container := wl.spec.template.spec.containers[i]
	bad(container)
	msga := {
		"alertMessage": sprintf("%v %v is privileged", [wl.kind, wl.metadata.name]), "alertScore": 8,
		"failedPaths": [sprintf("spec.template.spec.containers[%v].securityContext.privileged", [i])],
		"alertObject": {"k8sApiObjects": [wl]},
	}
}

bad(container) { container.securityContext.privileged == true }
`

const limitsV1 = `package armo_builtins

import rego.v1

deny contains msga if {
	some pod in input
	pod.kind == "Pod"
	some i
	bad(pod.spec.containers[i])
	msga := {
		"alertMessage": "the container has no memory limit",
		"fixPaths": [{"path": sprintf("spec.containers[%d].resources.limits.memory", [i]), "value": "YOUR_VALUE"}],
		"alertObject": {"k8sApiObjects": [pod]},
	}
}

bad(container) if not container.resources.limits.memory
`

const twoPods = `
apiVersion: v1
kind: Pod
metadata: {name: bad, namespace: shop}
spec: {containers: [{name: good, image: nginx, resources: {limits: {memory: 1Gi}}}, {name: web, image: nginx, securityContext: {privileged: true}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: good, namespace: shop}
spec: {containers: [{name: web, image: nginx, resources: {limits: {memory: 1Gi}}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: web, image: nginx, securityContext: {privileged: true}}]}}}
`

func merged(all ...map[string]string) map[string]string {
	files := make(map[string]string)
	for _, some := range all {
		for name, text := range some {
			files[name] = text
		}
	}
	return files
}

func TestKubescapeRulesOfBothVersionsJudgeOneObjectAtATime(t *testing.T) {
	c := newCluster(t, kubescape.Options{}, merged(
		kubescapeRule("privileged", "", workloads, privilegedV0),
		kubescapeRule("limits", "", kinds("", "Pod"), limitsV1),
	), twoPods)
	want := []string{
		`Deployment web: kubescape/privileged container "web": Deployment web is privileged [spec.template.spec.containers[0].securityContext.privileged]`,
		`Pod shop/bad: kubescape/limits container "web": the container has no memory limit; set spec.containers[1].resources.limits.memory [spec.containers[1].resources.limits.memory]`,
		`Pod shop/bad: kubescape/privileged container "web": bad is privileged [spec.containers[1].securityContext.privileged]`,
	}
	for _, operation := range []resource.Operation{resource.Scan, resource.Create} {
		if diff := cmp.Diff(want, c.scan(t, operation)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", operation, diff)
		}
	}
	if len(c.set.Needs()) > 0 {
		t.Errorf("needs %v, though no rule compares objects", c.set.Needs())
	}
}
