package review_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/manifest"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule/dialect/kubescape"
)

func TestWhatKubescapeRulesSayIsMadeReadable(t *testing.T) {
	const pod = "{apiVersion: v1, kind: Pod, metadata: {generateName: web-, namespace: shop}, spec: {initContainers: [{name: first, image: a}], containers: [{name: web, image: b}]}}"
	for _, test := range []struct{ name, response, want string }{
		{"a path to an init container", `{"alertMessage": "bad", "reviewPaths": ["spec.initContainers[0].image"], "alertObject": {"k8sApiObjects": [x]}}`, `init container "first": bad [spec.initContainers[0].image]`},
		{"a path beyond the containers", `{"alertMessage": "bad", "failedPaths": ["spec.containers[7].image"], "alertObject": {"k8sApiObjects": [x]}}`, `bad [spec.containers[7].image]`},
		{"an empty path before another", `{"alertMessage": "bad ", "failedPaths": [""], "deletePaths": ["spec"], "alertObject": {"k8sApiObjects": [x]}}`, `bad [spec]`},
		{"a path that is no list", `{"alertMessage": "bad", "failedPaths": "spec", "alertObject": {"k8sApiObjects": [x]}}`, `bad [spec]`},
		{"a fix with a value", `{"alertMessage": "bad", "fixPaths": [{"path": "spec.hostPID", "value": false}], "alertObject": {"k8sApiObjects": [x]}}`, `bad; set spec.hostPID to false [spec.hostPID]`},
		{"a fix that the message names", `{"alertMessage": "spec.hostPID is bad", "fixPaths": [{"path": "spec.hostPID", "value": "false"}], "alertObject": {"k8sApiObjects": [x]}}`, `spec.hostPID is bad [spec.hostPID]`},
		{"a command", `{"alertMessage": "bad", "fixCommand": "chmod 600 file", "alertObject": {"externalObjects": x}}`, `bad; run chmod 600 file`},
		{"an external object without its s", `{"alertMessage": "bad", "alertObject": {"externalObject": [x]}}`, `bad`},
		{"a name that is still to come", `{"alertMessage": x.metadata.name, "alertObject": {"k8sApiObjects": [{"kind": "Pod", "metadata": {"name": x.metadata.name}}]}}`, `web-*`},
		{"no object at all", `{"alertMessage": "bad"}`, `bad`},
		{"a message of Gatekeeper's sort", `{"msg": "bad", "details": {}}`, `bad`},
		{"a whole object in the message", `{"alertMessage": concat("", ["x" | numbers.range(1, 1000)[_]]), "alertObject": {"k8sApiObjects": [x]}}`, strings.Repeat("x", 500) + "…"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCluster(t, kubescape.Options{}, map[string]string{"r/raw.rego": "package armo_builtins\nfound[msga] { x := input[_]; msga := " + test.response + " }\n"}, pod)
			if diff := cmp.Diff([]string{"Pod shop/web-*: kubescape/r " + test.want}, c.scan(t, resource.Scan)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestAResponseThatCannotBeReadFailsItsRule(t *testing.T) {
	for _, response := range []string{`"text"`, `{"alertMessage": 7}`, `{}`} {
		c := newCluster(t, kubescape.Options{}, map[string]string{"r/raw.rego": "package armo_builtins\ndeny[msga] { x := input[_]; x.kind; msga := " + response + " }\n"}, "{apiVersion: v1, kind: Pod, metadata: {name: a}}")
		verdict, err := c.reviewer.Review(context.Background(), c.objects[0])
		if err != nil || len(verdict.Findings) > 0 || len(verdict.Errors) != 1 || verdict.Errors[0].Cause != finding.CauseResult {
			t.Errorf("%s: %+v, error %v", response, verdict, err)
		}
	}
}

func TestRulesOnTheAPIServerSeeItsPodAlone(t *testing.T) {
	const rego = "package armo_builtins\ndeny[msga] { p := input[_]; not p.spec.audited; msga := {\"alertMessage\": \"not audited\", \"failedPaths\": [\"spec\"], \"alertObject\": {\"k8sApiObjects\": [p]}} }\n"
	c := newCluster(t, kubescape.Options{}, kubescapeRule("audit", `"resourcesAggregator": "apiserver-pod"`, kinds("", "Pod"), rego), `
{apiVersion: v1, kind: Pod, metadata: {name: kube-apiserver-a, namespace: kube-system}, spec: {}}
---
{apiVersion: v1, kind: Pod, metadata: {name: kube-apiserver-b, namespace: shop}, spec: {}}
---
{apiVersion: v1, kind: Pod, metadata: {name: etcd-a, namespace: kube-system}, spec: {}}
`)
	if diff := cmp.Diff([]string{"Pod kube-system/kube-apiserver-a: kubescape/audit not audited [spec]"}, c.scan(t, resource.Scan)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestARuleThatComparesSeesTheObjectAsItWillBe(t *testing.T) {
	const labelled = "{apiVersion: v1, kind: Pod, metadata: {name: console-2, namespace: shop, labels: {app: other}}}"
	c := newCluster(t, kubescape.Options{Inputs: map[string][]string{"sensitiveInterfaces": {"console"}}},
		kubescapeRule("exposed", "", kinds("", "Pod", "Service"), exposedV0), cluster1)
	for _, step := range []struct {
		text string
		want int
	}{{labelled, 0}, {strings.Replace(labelled, "other", "console", 1), 1}} {
		object := manifest.Parse("new.yaml", []byte(step.text)).Objects[0].Resource
		object.Operation = resource.Update
		verdict, err := c.reviewer.Review(context.Background(), object)
		if err != nil || len(verdict.Errors) > 0 || len(verdict.Findings) != step.want {
			t.Errorf("%s: %+v, error %v", step.text, verdict, err)
		}
	}
}

func TestInALargeClusterRulesSeeTheObjectsOfOneNamespace(t *testing.T) {
	var many strings.Builder
	many.WriteString(cluster1)
	for i := range 600 {
		_, _ = fmt.Fprintf(&many, "---\n{apiVersion: v1, kind: Service, metadata: {name: s%d, namespace: other}, spec: {selector: {app: console}}}\n", i)
	}
	rego := strings.Replace(exposedV0, "service.metadata.namespace == wl.metadata.namespace", "true", 1)
	c := newCluster(t, kubescape.Options{Inputs: map[string][]string{"sensitiveInterfaces": {"console"}}}, kubescapeRule("exposed", "", kinds("", "Pod", "Service"), rego), many.String())
	want := []string{"Pod shop/console-1: kubescape/exposed front leads to console-1 [metadata.labels]"}
	if diff := cmp.Diff(want, c.scan(t, resource.Scan)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// oldFashionedV0 has what rules of many years have: names of documents for
// variables, unused ones, imports that nobody needs, and odd layout.
const oldFashionedV0 = `	package armo_builtins
	import data
import data.kubernetes.api.client as client
import data.cautils
import future.keywords.if
import future.keywords.in

deny [msga]{
	pods := [ x | x = input[_]; x.kind == "Pod" ]
	pod := pods[_]
	unused := pod.spec.containers[i]
	has_token(pod)
	is_old(pod.spec.containers[_].image)
	result := level(pod)
	metadata = {"name": pod.metadata.name, "namespace": pod.metadata.namespace}
	msga := {
		"alertMessage": sprintf("%s: %d of %v", [pod.metadata.name, count(result), format_int(3, 10)]), "packagename": "armo_builtins",
		"failedPaths": result, "fixPaths":[],
		"alertObject": {"externalObjects": {"apiVersion": "result.vulnscan.com/v1", "kind": pod.kind, "metadata": metadata, "relatedObjects": [pod]}}
	}
}

has_token(pod) {
	data := pod.spec.containers[_]
	data.env[k].name in ["TOKEN", "KEY"]
}

is_old(image)
{
	re_match(":[0-9]", image)
	not cautils.list_contains(["a"], image)
}

is_old(image) { startswith(image, "old") }

level(pod) = [paths[0]] { paths := ["spec"]; paths[0] != "" } else = []

fix(path) := result if { not endswith(path, "/"); result = sprintf("%v/", [path]) } else := path
`

func TestOldFashionedRegoOfKubescapeLoads(t *testing.T) {
	c := newCluster(t, kubescape.Options{}, kubescapeRule("old", "", kinds("", "Pod"), oldFashionedV0),
		"{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop}, spec: {containers: [{name: a, image: 'a:1', env: [{name: TOKEN}]}]}}")
	if diff := cmp.Diff([]string{"Pod shop/a: kubescape/old a: 1 of 3 [spec]"}, c.scan(t, resource.Scan)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
