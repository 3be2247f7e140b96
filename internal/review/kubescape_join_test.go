package review_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule/dialect/kubescape"
)

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
