package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
)

const (
	podOnHost   = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"shop"},"spec":{"hostNetwork":true,"containers":[{"name":"a","image":"a:latest"}]}}`
	podAlone    = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"shop"},"spec":{"containers":[{"name":"a","image":"a:1"}]}}`
	podUnnamed  = `{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"web-"},"spec":{"hostNetwork":true,"containers":[]}}`
	roleForAll  = `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"all"},"rules":[{"verbs":["*"],"resources":["*"]}]}`
	otherKind   = `{"apiVersion":"example.org/v1","kind":"Widget","metadata":{"name":"w","namespace":"shop"},"spec":{"hostNetwork":true}}`
	conftestOld = "package main\n\ndeny[msg] {\n  input.kind == \"Pod\"\n  input.spec.hostNetwork\n  msg := \"uses the network of its host\"\n}\n"
)

// foreignEngine loads files of any dialect.
func foreignEngine(t testing.TB, options dialect.Options, files map[string]string) *engine.Engine {
	t.Helper()
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	set, problems := source.Load(dialect.With(options), source.Source{FS: tree, Name: "rules"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	e, problems, err := engine.New(set, engine.Options{})
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	return e
}

// found returns what an engine finds on an object, as rule: message, sorted, and
// makes sure that the verdict of the cache is the same.
func found(t testing.TB, e *engine.Engine, operation resource.Operation, text string) []string {
	t.Helper()
	res, err := resource.FromObject([]byte(text), schema.GroupVersionKind{})
	if err != nil {
		t.Fatal(err)
	}
	res.Operation = operation
	scope := engine.Admission
	if operation == resource.Scan {
		scope = engine.Scan
	}
	var first []string
	for round := range 2 {
		matches, failures, err := e.Evaluate(context.Background(), res, scope)
		if err != nil || len(failures) > 0 {
			t.Fatal(err, failures)
		}
		lines := []string{}
		for _, match := range matches {
			lines = append(lines, match.Rule.ID+" ("+match.Mode.String()+"): "+match.Message)
		}
		slices.Sort(lines)
		if round > 0 && !slices.Equal(first, lines) {
			t.Errorf("first %q, then %q", first, lines)
		}
		first = lines
	}
	return first
}

func TestForeignRulesSeeWhatTheirDialectPromises(t *testing.T) {
	for _, test := range []struct {
		name   string
		files  map[string]string
		object string
		want   []string
	}{
		{"conftest, v0", map[string]string{"host.rego": conftestOld}, podOnHost,
			[]string{"conftest/host (deny): uses the network of its host"}},
		{"conftest, v0, allowed", map[string]string{"host.rego": conftestOld}, podAlone, []string{}},
		{"conftest, v1, with warn, deny_ and objects", map[string]string{"a/b.rego": "package main\nwarn_latest contains {\"msg\": m} if {\n some c in input.spec.containers\n endswith(c.image, \":latest\")\n m := c.name\n}\ndeny_x contains \"x\" if input.spec.hostNetwork\n"}, podOnHost,
			[]string{"conftest/a/b (deny): x", "conftest/a/b (warn): a"}},
		{"conftest, v0 that looks like v1 and calls a builtin of old", map[string]string{"p.rego": "package main\nimport future.keywords\nbad := any([input.spec.hostNetwork])\ndeny contains \"old\" if {\n bad\n re_match(\"a\", \"a\")\n}"}, podOnHost,
			[]string{"conftest/p (deny): old"}},
		{"conftest, v0 that looks like v1 and imports a library twice", map[string]string{
			"p.rego": "package main\nimport future.keywords\nimport data.lib\nimport data.lib\ndeny contains lib.word if input.spec.hostNetwork", "lib.rego": "package lib\nword := \"w\""}, podOnHost,
			[]string{"conftest/p (deny): w"}},
		{"conftest, a builtin that cannot work on its input", map[string]string{"p.rego": "package main\ndeny[\"number\"] { to_number(input.metadata.name) > 3 }\ndeny[\"no number\"] { not to_number(input.metadata.name) }"}, podOnHost,
			[]string{"conftest/p (deny): no number"}},
		{"conftest, any package and any kind", map[string]string{"p.rego": "package team.checks\nviolation[{\"msg\": \"v\"}] { input.spec.hostNetwork }"}, otherKind,
			[]string{"conftest/p (deny): v"}},
		{"conftest, two files of one package sharing a helper", map[string]string{
			"one.rego": "package main\ndeny contains \"one\" if on_host", "two.rego": "package main\ndeny contains \"two\" if on_host",
			"help.rego": "package main\non_host if input.spec.hostNetwork"}, podOnHost,
			[]string{"conftest/one (deny): one", "conftest/two (deny): two"}},
		{"conftest, two files with helpers of the same name that differ", map[string]string{
			"one.rego": "package main\ndeny contains \"one\" if h(1)\nh(x) if input.spec.hostNetwork", "two.rego": "package main\ndeny contains \"two\" if h(1, 2)\nh(x, y) if input.spec.hostNetwork"}, podOnHost,
			[]string{"conftest/one (deny): one", "conftest/two (deny): two"}},
		{"conftest, a library of the tree", map[string]string{
			"policy/p.rego": "package main\nimport data.lib.pods\ndeny[m] { pods.on_host(input); m := pods.word }", "lib/pods.rego": "package lib.pods\non_host(o) { o.spec.hostNetwork }\nword = \"w\" { true }"}, podOnHost,
			[]string{"conftest/policy/p (deny): w"}},
		{"conftest, an exception in another file", map[string]string{
			"p.rego": "package main\ndeny_host[\"h\"] { input.spec.hostNetwork }\ndeny_other[\"o\"] { input.spec.hostNetwork }", "e.rego": "package main\nexception[rules] { input.metadata.name == \"web\"; rules := [\"host\"] }"}, podOnHost,
			[]string{"conftest/p (deny): o"}},
		{"conftest, exceptions by the name without what conftest takes off it", map[string]string{
			"p.rego": "package main\nviolation_deny_x[\"a\"] { input.spec.hostNetwork }\ndeny_y[\"b\"] { input.spec.hostNetwork }\nexception[rules] { rules := [\"x\"] }"}, podOnHost,
			[]string{"conftest/p (deny): b"}},
		{"conftest, an exception for all rules without a name", map[string]string{
			"p.rego": "package main\nimport rego.v1\ndeny contains \"a\" if input.spec.hostNetwork\nwarn_y contains \"b\" if input.spec.hostNetwork\nexception contains [\"\"] if input.kind == \"Pod\""}, podOnHost,
			[]string{"conftest/p (warn): b"}},
		{"conftest, files that differ in a helper of the same name find each their own", map[string]string{
			"one.rego": "package main\ndeny[m] { m := about }\nabout = \"one\" { input.spec.hostNetwork }", "two.rego": "package main\ndeny[m] { m := about }\nabout = \"two\" { input.spec.hostPID }",
			"help.rego": "package main\nother { true }"}, podOnHost,
			[]string{"conftest/one (deny): one"}},
		{"conftest, files that negate a helper of the same name share it", map[string]string{
			"one.rego": "package main\ndeny[\"n\"] { not fine }\nfine { input.spec.hostNetwork }", "two.rego": "package main\ndeny[\"n\"] { not fine }\nfine { input.spec.hostPID }"}, podOnHost,
			[]string{}},
		{"conftest, a library that no rule imports", map[string]string{
			"p.rego": "package main\ndeny[\"d\"] { input.spec.hostNetwork }", "lib/l.rego": "package lib.l\nf(x) { x }"}, podOnHost,
			[]string{"conftest/p (deny): d"}},
		{"conftest, a library that has the name of a rule", map[string]string{
			"p.rego": "package main\nimport data.lib\ndeny[\"d\"] { lib.deny }", "lib.rego": "package lib\ndeny { input.spec.hostNetwork }"}, podOnHost,
			[]string{"conftest/p (deny): d"}},
		{"conftest, a helper that has the name of a rule", map[string]string{
			"p.rego": "package main\ndeny[\"d\"] { deny_host }", "help.rego": "package main\ndeny_host { input.spec.hostNetwork }"}, podOnHost,
			[]string{"conftest/p (deny): d"}},
		{"conftest, a rule that is a list", map[string]string{"p.rego": "package main\ndeny = [\"l\"] { input.spec.hostNetwork }"}, podOnHost,
			[]string{"conftest/p (deny): l"}},
		{"admission review", map[string]string{"p.rego": "package kubernetes.admission\ndeny[m] { input.request.kind.kind == \"Pod\"; input.request.operation == \"CREATE\"; input.request.object.spec.hostNetwork; m := input.request.namespace }"}, podOnHost,
			[]string{"admissionreview/p (deny): shop"}},
		{"admission review by what it reads", map[string]string{"p.rego": "package other\nwarn contains input.request.resource.resource if input.request.object.spec.hostNetwork"}, podOnHost,
			[]string{"admissionreview/p (warn): pods"}},
		{"admission review, main alone", map[string]string{"p.rego": "package system\nmain = {\"apiVersion\": \"admission.k8s.io/v1\", \"kind\": \"AdmissionReview\", \"response\": response}\ndefault response = {\"allowed\": true}\nresponse = {\"allowed\": false, \"status\": {\"message\": \"no\"}} { input.request.object.spec.hostNetwork }"}, podOnHost,
			[]string{"admissionreview/p (deny): no"}},
		{"admission review, main beside deny", map[string]string{
			"main.rego": "package system\nimport data.kubernetes.admission\nmain = {\"response\": {\"allowed\": count(admission.deny) == 0, \"uid\": input.request.uid}}", "p.rego": "package kubernetes.admission\ndeny[\"d\"] { input.request.object.spec.hostNetwork }"}, podOnHost,
			[]string{"admissionreview/p (deny): d"}},
		{"admission review, main beside deny in one package", map[string]string{
			"p.rego": "package kubernetes.admission\nmain = {\"response\": {\"allowed\": count(deny) == 0}} { input.request }\ndeny[\"d\"] { input.request.object.spec.hostNetwork }"}, podOnHost,
			[]string{"admissionreview/p (deny): d"}},
		{"admission review, main that does not care for deny elsewhere", map[string]string{
			"main.rego": "package system\nmain := {\"response\": {\"allowed\": false, \"status\": {\"message\": \"no\"}}} if input.request.object.spec.hostNetwork", "p.rego": "package kubernetes.admission\ndeny[\"d\"] { input.request.object.spec.hostNetwork }"}, podOnHost,
			[]string{"admissionreview/main (deny): no", "admissionreview/p (deny): d"}},
		{"admission review, main that reads nothing of the review", map[string]string{
			"main.rego": "package system\nimport data.kubernetes.admission\nmain = {\"apiVersion\": \"admission.k8s.io/v1\", \"response\": response}\ndefault response = {\"allowed\": true}\nresponse = {\"allowed\": false} { admission.deny[_] }", "p.rego": "package kubernetes.admission\ndeny[\"d\"] { input.request.object.spec.hostNetwork }"}, podOnHost,
			[]string{"admissionreview/p (deny): d"}},
		{"admission review, deny of main that gathers what others find", map[string]string{
			"main.rego": "package system\nmain = {\"response\": {\"allowed\": count(deny) == 0, \"uid\": input.request.uid}}\ndeny[m] { data.kubernetes.validating[_].deny[m] }", "p.rego": "package kubernetes.validating.host\ndeny[\"d\"] { input.request.object.spec.hostNetwork }"}, podOnHost,
			[]string{"admissionreview/p (deny): d"}},
		{"admission review, a rule that repeats what a library finds", map[string]string{
			"p.rego": "package kubernetes.admission\nimport data.lib.checks\ndeny[m] { checks.deny[m] }", "checks.rego": "package lib.checks\nimport data.lib.review\ndeny[\"d\"] { review.object.spec.hostNetwork }", "r.rego": "package lib.review\nobject = input.request.object"}, podOnHost,
			[]string{"admissionreview/p (deny): d"}},
		{"admission review, a rule that adds to what others find", map[string]string{
			"all.rego": "package kubernetes.admission\nimport data.checks\ndeny[m] { checks.deny[m] }\ndeny[\"own\"] { input.request.object.spec.hostNetwork }", "p.rego": "package checks\ndeny[\"d\"] { input.request.object.spec.hostNetwork }"}, podOnHost,
			[]string{"admissionreview/all (deny): own", "admissionreview/p (deny): d"}},
		{"admission review, a builtin that cannot work on its input", map[string]string{"p.rego": "package kubernetes.admission\ndeny[\"d\"] { not units.parse_bytes(input.request.object.metadata.name) }"}, podOnHost,
			[]string{"admissionreview/p (deny): d"}},
		{"KubeEye", map[string]string{"hostRule.rego": "package kubeeye_workloads_rego\nhelp = [\"x\"] { true }\ndeny[msg] { o := input.Object; o.spec.hostNetwork; msg := {\"Name\": o.metadata.name, \"Namespace\": o.metadata.namespace, \"Type\": o.kind, \"Message\": \"HostNetwork\"} }"}, podOnHost,
			[]string{"kubeeye/hostRule (warn): HostNetwork"}},
		{"KubeEye, an object without name and namespace", map[string]string{"hostRule.rego": "package kubeeye_workloads_rego\nany[msg] { o := input.Object; msg := {\"Message\": concat(\" \", [o.metadata.name, o.metadata.namespace])} }"}, podUnnamed,
			[]string{"kubeeye/hostRule (warn): web-* default"}},
		{"KubeEye on roles", map[string]string{"a.rego": "package kubeeye_RBAC_rego\ndeny[msg] { input.Object.rules[_].verbs[_] == \"*\"; msg := {\"Message\": input.Object.kind} }"}, roleForAll,
			[]string{"kubeeye/a (warn): ClusterRole"}},
		{"KubeEye on roles is not asked about pods", map[string]string{"a.rego": "package kubeeye_RBAC_rego\ndeny[msg] { msg := {\"Message\": input.Object.kind} }"}, podOnHost, []string{}},
		{"KubeEye, files with helpers of the same name", map[string]string{
			"a.rego": "package kubeeye_workloads_rego\ndeny[m] { m := {\"Message\": h} }\nh = \"a\"", "sub/a.rego": "package kubeeye_workloads_rego\ndeny[m] { m := {\"Message\": h} }\nh = \"b\""}, podOnHost,
			[]string{"kubeeye/a (warn): a", "kubeeye/sub/a (warn): b"}},
		{"CRLF and unicode", map[string]string{"überall.rego": strings.ReplaceAll("# ünïcode\n"+conftestOld, "\n", "\r\n")}, podOnHost,
			[]string{"conftest/überall (deny): uses the network of its host"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := foreignEngine(t, dialect.Options{}, test.files)
			for _, operation := range []resource.Operation{resource.Create, resource.Scan} {
				if diff := cmp.Diff(test.want, found(t, e, operation, test.object)); diff != "" {
					t.Errorf("%s (-want +got)\n%s", operation, diff)
				}
			}
		})
	}
}
