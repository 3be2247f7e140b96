package engine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule/dialect"
)

const (
	roleForSecrets = `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"r","namespace":"shop"},"rules":[{"verbs":["get"],"resources":["secrets"]}]}`
	nodeReady      = `{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"},"status":{"conditions":[{"type":"Ready","status":"True"}]}}`
	nodeNotReady   = `{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"},"status":{"conditions":[{"type":"Ready","status":"False"}]}}`
	eventNormal    = `{"apiVersion":"v1","kind":"Event","metadata":{"name":"e","namespace":"shop"},"type":"Normal","reason":"Pulled"}`
	eventWarning   = `{"apiVersion":"v1","kind":"Event","metadata":{"name":"e","namespace":"shop"},"type":"Warning","reason":"BackOff","message":"again"}`
)

// Each dialect in each version of Rego that public rules are written in, on an
// object that a rule finds something on and one that it does not.
func TestForeignRulesOfEveryVersionOfRego(t *testing.T) {
	const (
		keywords = "import future.keywords\n"
		modern   = "import rego.v1\n"
	)
	for _, test := range []struct {
		name, text      string
		denied, allowed string
		want            string
	}{
		{"conftest, v0", "package main\nname = input.metadata.name\nis_pod { input.kind == \"Pod\" }\ndeny[msg] { is_pod; input.spec.hostNetwork; msg = name }",
			podOnHost, podAlone, "conftest/p (deny): web"},
		{"conftest, v0 with functions and else", "package main\non_host(o) = \"yes\" { o.spec.hostNetwork } else = \"no\" { true }\nviolation[{\"msg\": msg, \"details\": {\"a\": [1]}}] { msg := on_host(input); msg == \"yes\" }",
			podOnHost, podAlone, "conftest/p (deny): yes"},
		{"conftest, v0 with keywords of the future", "package main\n" + keywords + "warn_host contains msg if { some c in input.spec.containers; input.spec.hostNetwork; msg := c.name }",
			podOnHost, podAlone, "conftest/p (warn): a"},
		{"conftest, v0 with keywords of the future and builtins of old", "package main\n" + keywords + "deny contains \"old\" if { input.spec.hostNetwork; any([true, false]); all([true]); cast_array([1]) }",
			podOnHost, podAlone, "conftest/p (deny): old"},
		{"conftest, rego.v1", "package main\n" + modern + "deny contains msg if { some c in input.spec.containers; endswith(c.image, \":latest\"); msg := c.image }",
			podOnHost, podAlone, "conftest/p (deny): a:latest"},
		{"conftest, v1", "package main\ndeny contains {\"msg\": msg} if { every c in input.spec.containers { c.name }; input.spec.hostNetwork; msg := \"every\" }",
			podOnHost, podAlone, "conftest/p (deny): every"},
		{"admission review, v0", "package kubernetes.admission\ndeny[msg] { input.request.kind.kind == \"Pod\"; input.request.object.spec.hostNetwork; msg := sprintf(\"%v\", [input.request.name]) }",
			podOnHost, podAlone, "admissionreview/p (deny): web"},
		{"admission review, v0 with keywords of the future", "package kubernetes.admission\n" + keywords + "deny contains \"latest\" if { some c in input.request.object.spec.containers; re_match(\":latest$\", c.image) }",
			podOnHost, podAlone, "admissionreview/p (deny): latest"},
		{"admission review, rego.v1", "package kubernetes.admission\n" + modern + "warn contains input.request.namespace if input.request.object.spec.hostNetwork",
			podOnHost, podAlone, "admissionreview/p (warn): shop"},
		{"admission review, v1", "package kubernetes.validating.host\nviolation contains {\"message\": \"host\"} if input.request.object.spec.hostNetwork",
			podOnHost, podAlone, "admissionreview/p (deny): host"},
		{"admission review, v1, main alone", "package system\nmain := {\"apiVersion\": \"admission.k8s.io/v1\", \"response\": response}\nresponse := {\"uid\": input.request.uid, \"allowed\": false, \"status\": {\"reason\": \"no\"}} if input.request.object.spec.hostNetwork\nelse := {\"uid\": input.request.uid, \"allowed\": true}",
			podOnHost, podAlone, "admissionreview/p (deny): no"},
		{"KubeEye on workloads, v0", "package kubeeye_workloads_rego\ndeny[msg] { resource := input; type := resource.Object.kind; on_host(resource); msg := {\"Name\": resource.Object.metadata.name, \"Type\": type, \"Message\": \"Host\", \"Level\": \"danger\", \"Reason\": \"because\"} }\non_host(r) { r.Object.spec.hostNetwork }",
			podOnHost, podAlone, "kubeeye/p (warn): Host: because"},
		{"KubeEye on workloads, v1, a list", "package kubeeye_workloads_rego\n" + modern + "any_name := [{\"Message\": \"list\"}] if input.Object.spec.hostNetwork",
			podOnHost, podAlone, "kubeeye/p (warn): list"},
		{"KubeEye on roles, v1", "package kubeeye_RBAC_rego\ndeny contains {\"Message\": m} if { some r in input.Object.rules; \"secrets\" in r.resources; m := input.Object.metadata.name }",
			roleForSecrets, roleForAll, "kubeeye/p (warn): r"},
		{"KubeEye on nodes, v0", "package kubeeye_nodes_rego\ndeny[msg] { c := input.Object.status.conditions[_]; c.type == \"Ready\"; c.status != \"True\"; msg := {\"Message\": c.type} }",
			nodeNotReady, nodeReady, "kubeeye/p (warn): Ready"},
		{"KubeEye on events, v0", "package kubeeye_events_rego\ndeny[msg] { input.Object.type != \"Normal\"; msg := {\"Message\": input.Object.reason, \"Reason\": input.Object.message, \"Level\": \"warning\"} }",
			eventWarning, eventNormal, "kubeeye/p (warn): BackOff: again"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := foreignEngine(t, dialect.Options{}, map[string]string{"p.rego": test.text})
			for _, operation := range []resource.Operation{resource.Create, resource.Scan} {
				if diff := cmp.Diff([]string{test.want}, found(t, e, operation, test.denied)); diff != "" {
					t.Errorf("%s, denied (-want +got)\n%s", operation, diff)
				}
				if diff := cmp.Diff([]string{}, found(t, e, operation, test.allowed)); diff != "" {
					t.Errorf("%s, allowed (-want +got)\n%s", operation, diff)
				}
			}
		})
	}
}
