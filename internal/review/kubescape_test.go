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
	"github.com/kubereeve/reeve/internal/finding"
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

const exposedV0 = `package armo_builtins

# A pod that a service leads to, of the sort that should not be led to.
deny[msga] {
	wl := input[_]
	wl.kind == "Pod"
	contains(wl.metadata.name, data.postureControlInputs.sensitiveInterfaces[_])
	service := input[_]
	service.kind == "Service"
	service.metadata.namespace == wl.metadata.namespace
	service.spec.selector == wl.metadata.labels
	vector := {"name": wl.metadata.name, "namespace": wl.metadata.namespace, "kind": wl.kind, "relatedObjects": [service]}
	msga := {
		"alertMessage": sprintf("%v leads to %v", [service.metadata.name, wl.metadata.name]),
		"failedPaths": ["metadata.labels"], "alertScore": 7,
		"alertObject": {"k8sApiObjects": [], "externalObjects": vector},
	}
}
`

const unguardedV1 = `package armo_builtins

import rego.v1

deny contains msga if {
	namespaces := [n | n = input[_]; n.kind == "Namespace"]
	namespace := namespaces[_]
	guarded := {p.metadata.namespace | p := input[_]; p.kind == "NetworkPolicy"}
	not namespace.metadata.name in guarded
	msga := {
		"alertMessage": sprintf("%v has no policy", [namespace.metadata.name]),
		"alertObject": {"k8sApiObjects": [namespace]},
	}
}
`

const cluster1 = `
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: bare}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: all, namespace: shop}, spec: {podSelector: {}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: console-1, namespace: shop, labels: {app: console}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: console-2, namespace: bare, labels: {app: console}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: console}}}
---
{apiVersion: v1, kind: Service, metadata: {name: front, namespace: shop}, spec: {selector: {app: console}}}
`

func TestKubescapeRulesThatCompareObjectsFindEachThingOnce(t *testing.T) {
	c := newCluster(t, kubescape.Options{Inputs: map[string][]string{"sensitiveInterfaces": {"console"}}}, merged(
		kubescapeRule("exposed", "", kinds("", "Pod", "Service"), exposedV0),
		kubescapeRule("unguarded", "", kinds("", "Namespace")+","+kinds("networking.k8s.io", "NetworkPolicy"), unguardedV1),
	), cluster1)
	want := []string{
		"Namespace bare: kubescape/unguarded bare has no policy",
		"Pod shop/console-1: kubescape/exposed front leads to console-1 [metadata.labels]",
	}
	if diff := cmp.Diff(want, c.scan(t, resource.Scan)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var needs []string
	for _, need := range c.set.Needs() {
		needs = append(needs, need.Kind.String())
	}
	if diff := cmp.Diff([]string{"Namespace", "Pod", "Service", "NetworkPolicy.networking.k8s.io"}, needs); diff != "" {
		t.Errorf("needs (-want +got)\n%s", diff)
	}
}

const secretsV0 = `package armo_builtins

deny[msga] {
	subjectVector := input[_]
	role := subjectVector.relatedObjects[i]
	endswith(role.kind, "Role")
	binding := subjectVector.relatedObjects[j]
	endswith(binding.kind, "Binding")
	rule := role.rules[p]
	rule.resources[_] == "secrets"
	subject := binding.subjects[k]
	subject.name == subjectVector.name
	msga := {
		"alertMessage": sprintf("%v %v may read secrets", [subjectVector.kind, subjectVector.name]),
		"failedPaths": [sprintf("relatedObjects[%d].rules[%d].resources", [i, p]), sprintf("relatedObjects[%d].subjects[%d]", [j, k])],
		"alertObject": {"k8sApiObjects": [], "externalObjects": subjectVector},
	}
}
`

const rbac = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: shop}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: other}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: readers, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: web, namespace: shop}, {kind: User, name: jane}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: readers, namespace: other}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: User, name: joe}]
`

func TestKubescapeRulesOnSubjectsReportOnBindings(t *testing.T) {
	c := newCluster(t, kubescape.Options{}, kubescapeRule("secrets", `"resourcesAggregator": "subject-role-rolebinding", "armoBuiltin": true`,
		kinds("rbac.authorization.k8s.io", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"), secretsV0), rbac)
	binding := []string{
		"RoleBinding shop/readers: kubescape/secrets ServiceAccount web may read secrets [subjects[0]]",
		"RoleBinding shop/readers: kubescape/secrets User jane may read secrets [subjects[1]]",
	}
	if diff := cmp.Diff(binding, c.scan(t, resource.Scan)); diff != "" {
		t.Errorf("scan (-want +got)\n%s", diff)
	}
	role := []string{
		"Role shop/reader: kubescape/secrets ServiceAccount web may read secrets [rules[0].resources]",
		"Role shop/reader: kubescape/secrets User jane may read secrets [rules[0].resources]",
	}
	if diff := cmp.Diff(append(role, binding...), c.scan(t, resource.Update)); diff != "" {
		t.Errorf("at admission (-want +got)\n%s", diff)
	}
}

const registriesV0 = `package armo_builtins
import data.cautils as cautils

untrustedImages[msga] {
	pod := input[_]
	container := pod.spec.containers[i]
	name := image.parse_normalized_name(container.image)
	not trusted(name)
	cautils.list_contains(["Pod", "Deployment"], pod.kind)
	msga := {"alertMessage": sprintf("%v is not trusted", [name]), "alertScore": 2, "alertObject": {"k8SApiObjects": [pod]}}
}

trusted(image) { startswith(image, data.postureControlInputs.imageRepositoryAllowList[_]) }
`

func TestKubescapeRulesUseLibrariesInputsAndFunctionsOfKubescape(t *testing.T) {
	files := merged(kubescapeRule("registries", "", workloads, registriesV0), map[string]string{
		"default-config-inputs.json":               `{"settings": {"postureControlInputs": {"imageRepositoryAllowList": ["docker.io/library/redis"]}}}`,
		"rules/registries/test/one/data.json":      `{"postureControlInputs": {"imageRepositoryAllowList": ["docker.io"]}}`,
		"rules/registries/filter.rego":             "package armo_builtins\ndeny[msga] {\n pod := input[_]\n msga := {\"alertMessage\": \"filtered\", \"alertObject\": {\"k8sApiObjects\": [pod]}}\n}",
		"controls/C-9.json":                        `{"controlID": "C-9", "name": "Trusted images", "rulesNames": ["registries"], "baseScore": 9, "description": "Images come from somewhere.", "remediation": "Use another."}`,
		"frameworks/f.json":                        `{"name": "NSA", "activeControls": [{"controlID": "C-9"}]}`,
		"rules/registries/test/one/input/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n",
		"rules/registries/test/one/expected.json":  "[]",
	})
	const pods = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: nginx}, {name: b, image: redis}, {name: c, image: ghcr.io/me/x}, {name: d, image: me/y}, {name: e, image: index.docker.io/redis}]}\n"
	c := newCluster(t, kubescape.Options{}, files, pods)
	want := []string{
		"Pod a: kubescape/registries docker.io/library/nginx is not trusted",
		"Pod a: kubescape/registries docker.io/me/y is not trusted",
		"Pod a: kubescape/registries ghcr.io/me/x is not trusted",
	}
	if diff := cmp.Diff(want, c.scan(t, resource.Scan)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	r := c.set.Rule("kubescape/registries")
	if r.Severity != finding.Critical || r.Title != "Trusted images" || r.Remediation != "Use another." {
		t.Errorf("%+v", r)
	}
	if diff := cmp.Diff(map[string][]string{"kubescape": {"C-9"}, "kubescape-nsa": {"C-9"}}, r.Controls); diff != "" {
		t.Errorf("controls (-want +got)\n%s", diff)
	}
	overlaid := newCluster(t, kubescape.Options{Inputs: map[string][]string{"imageRepositoryAllowList": {"docker.io", "ghcr.io"}}}, files, pods)
	if found := overlaid.scan(t, resource.Scan); len(found) > 0 {
		t.Errorf("with inputs of the user: %v", found)
	}
	files["lib/cautils.rego"] = "package cautils\nlist_contains(list, element) { false }"
	if found := newCluster(t, kubescape.Options{}, files, pods).scan(t, resource.Scan); len(found) > 0 {
		t.Errorf("the library of the tree does not win: %v", found)
	}
}

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
