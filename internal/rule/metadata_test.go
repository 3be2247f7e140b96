package rule_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// parse returns the module of a file's text.
func parse(t testing.TB, file, text string) *ast.Module {
	t.Helper()
	module, err := ast.ParseModuleWithOpts(file, text, ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1})
	if err != nil {
		t.Fatal(err)
	}
	return module
}

// annotated reads the METADATA block made of the given YAML.
func annotated(t testing.TB, yaml string) (*rule.Rule, error) {
	t.Helper()
	var text strings.Builder
	text.WriteString("# METADATA\n")
	for line := range strings.Lines(strings.TrimSpace(yaml) + "\n") {
		text.WriteString("# " + line)
	}
	text.WriteString("package reeve.test.a\n")
	return rule.FromAnnotation(rule.Annotation(parse(t, "a.rego", text.String())))
}

// custom is METADATA with a title and the given lines below custom.reeve.
func custom(lines ...string) string {
	return "title: Test\ncustom:\n  reeve:\n    " + strings.Join(lines, "\n    ")
}

func TestFromAnnotationReadsEveryField(t *testing.T) {
	got, err := annotated(t, `
title: Too many of them
description: |
  They are too many.

custom:
  reeve:
    severity: critical
    kinds: [Deployment.apps, Pod, Pod]
    mode: deny
    doors: [scan]
    remediation: |-
      Have fewer.
    controls: {cis: ["5.2.2"], nsa: [a, b]}
    aliases: [TooMany, TOO_MANY]
    parameters:
      max: {type: integer, default: 3, description: How many are allowed.}
      names: {type: array, items: string, default: [a, b], offWhileEmpty: true}
    inventory:
    - {kind: NetworkPolicy.networking.k8s.io, sample: 1}
    - {kind: Namespace, optional: true}
  other: ignored
`)
	if err != nil {
		t.Fatal(err)
	}
	want := &rule.Rule{
		Title:       "Too many of them",
		Description: "They are too many.",
		Severity:    finding.Critical,
		Mode:        finding.Deny,
		Kinds:       []schema.GroupKind{{Kind: "Pod"}, {Group: "apps", Kind: "Deployment"}},
		Doors:       []finding.Door{finding.DoorScan},
		Remediation: "Have fewer.",
		Controls:    map[string][]string{"cis": {"5.2.2"}, "nsa": {"a", "b"}},
		Aliases:     []string{"TooMany", "TOO_MANY"},
		Parameters: map[string]rule.Parameter{
			"max":   {Type: "integer", Default: 3.0, Description: "How many are allowed."},
			"names": {Type: "array", Items: "string", Default: []any{"a", "b"}, OffWhileEmpty: true},
		},
		Inventory: []rule.Need{
			{Kind: schema.GroupKind{Group: "networking.k8s.io", Kind: "NetworkPolicy"}, Sample: true},
			{Kind: schema.GroupKind{Kind: "Namespace"}, Optional: true},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got.At(finding.DoorAdmission) || !got.At(finding.DoorScan) {
		t.Error("the rule is not at the door of scans alone")
	}
	if !got.Judges(schema.GroupKind{Group: "apps", Kind: "Deployment"}) || got.Judges(schema.GroupKind{Kind: "Deployment"}) {
		t.Error("the rule does not judge deployments of the group apps alone")
	}
}

func TestFromAnnotationFillsInWhatIsNotSaid(t *testing.T) {
	r, err := annotated(t, custom("severity: info", "kinds: [ConfigMap]"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Mode != finding.Warn {
		t.Errorf("mode %s, want warn", r.Mode)
	}
	if !r.At(finding.DoorAdmission) || !r.At(finding.DoorScan) {
		t.Errorf("doors %v, want both", r.Doors)
	}
	if r.Template {
		t.Error("a rule on ConfigMaps is said to judge pod templates")
	}
}

func TestWorkloadStandsForEveryKindWithAPodTemplate(t *testing.T) {
	r, err := annotated(t, custom("severity: info", "kinds: [Service, workload, Pod]"))
	if err != nil {
		t.Fatal(err)
	}
	if !r.Template {
		t.Error("the rule is not said to judge pod templates")
	}
	if want := len(resource.WorkloadKinds()) + 1; len(r.Kinds) != want {
		t.Errorf("%d kinds, want %d: %v", len(r.Kinds), want, r.Kinds)
	}
	for _, kind := range append(resource.WorkloadKinds(), schema.GroupKind{Kind: "Service"}) {
		if !r.Judges(kind) {
			t.Errorf("the rule does not judge %s", kind)
		}
	}
}

func TestPodAloneDoesNotMakeARuleOnTemplates(t *testing.T) {
	r, err := annotated(t, custom("severity: info", "kinds: [Pod]"))
	if err != nil || r.Template {
		t.Errorf("template %t, error %v", r.Template, err)
	}
}

func TestFromAnnotationRefusesBadMetadata(t *testing.T) {
	good := []string{"severity: low", "kinds: [Pod]"}
	with := func(lines ...string) string { return custom(append(good, lines...)...) }
	const kindRemedy = ` is not a kind; write Kind or Kind.group, as in Pod or Deployment.apps, or workload for every kind with a pod template`
	for _, test := range []struct{ name, metadata, want string }{
		{"no title", "custom: {reeve: {severity: low, kinds: [Pod]}}", "METADATA title is missing; say in a few words what the rule finds"},
		{"no custom.reeve", "title: Test", "METADATA custom.reeve.severity is missing; use one of info, low, medium, high, critical"},
		{"custom.reeve that is a word", "title: Test\ncustom: {reeve: hello}", "METADATA custom.reeve: the value is not a mapping"},
		{"custom.reeve that is a list", "title: Test\ncustom: {reeve: [a]}", "METADATA custom.reeve: the value is not a mapping"},
		{"an unknown field", with("colour: red"), "METADATA custom.reeve: unknown field colour"},
		{"an unknown field of a parameter", with("parameters: {max: {type: integer, default: 1, colour: red}}"), "METADATA custom.reeve: unknown field parameters.max.colour"},
		{"a field in other letters", with("Mode: deny"), "METADATA custom.reeve: unknown field Mode"},
		{"no severity", custom("kinds: [Pod]"), "METADATA custom.reeve.severity is missing; use one of info, low, medium, high, critical"},
		{"a severity there is not", custom("severity: severe", "kinds: [Pod]"), `METADATA custom.reeve.severity: "severe" is not a severity; use one of info, low, medium, high, critical`},
		{"a severity that is a number", custom("severity: 3", "kinds: [Pod]"), "METADATA custom.reeve: severity is not a string"},
		{"a mode there is not", with("mode: block"), `METADATA custom.reeve.mode: "block" is not a mode; use one of off, audit, warn, deny`},
		{"a mode that YAML takes for a boolean", with("mode: false"), "METADATA custom.reeve: mode is not a string"},
		{"a door there is not", with("doors: [admission, window]"), `METADATA custom.reeve.doors: "window" is not a door; use admission or scan`},
		{"doors that are a word", with("doors: scan"), "METADATA custom.reeve: doors is not a list"},
		{"no kinds", custom("severity: low"), "METADATA custom.reeve.kinds is missing; name the kinds the rule judges, as in [workload] or [Deployment.apps]"},
		{"an empty list of kinds", custom("severity: low", "kinds: []"), "METADATA custom.reeve.kinds is missing; name the kinds the rule judges, as in [workload] or [Deployment.apps]"},
		{"kinds that are a word", custom("severity: low", "kinds: Pod"), "METADATA custom.reeve: kinds is not a list"},
		{"a kind that is a number", custom("severity: low", "kinds: [Pod, 1]"), "METADATA custom.reeve: kinds.1 is not a string"},
		{"a kind in small letters", custom("severity: low", "kinds: [pods]"), `METADATA custom.reeve.kinds: "pods"` + kindRemedy},
		{"a kind written like an apiVersion", custom("severity: low", "kinds: [apps/v1]"), `METADATA custom.reeve.kinds: "apps/v1"` + kindRemedy},
		{"a kind with a slash", custom("severity: low", "kinds: [Deployment/apps]"), `METADATA custom.reeve.kinds: "Deployment/apps"` + kindRemedy},
		{"every kind", custom("severity: low", `kinds: ["*"]`), `METADATA custom.reeve.kinds: "*"` + kindRemedy},
		{"an empty kind", custom("severity: low", `kinds: [""]`), `METADATA custom.reeve.kinds: ""` + kindRemedy},
		{"remediation that is a list", with("remediation: [a]"), "METADATA custom.reeve: remediation is not a string"},
		{"controls that are a list", with("controls: [a]"), "METADATA custom.reeve: controls is not a mapping"},
		{"a control that is a number", with("controls: {cis: [5.2]}"), "METADATA custom.reeve: controls.cis.0 is not a string"},
		{"parameters that are a list", with("parameters: [a]"), "METADATA custom.reeve: parameters is not a mapping"},
		{"a parameter that is its default", with("parameters: {max: 3}"), "METADATA custom.reeve: parameters.max is not a mapping"},
		{"a parameter without a type", with("parameters: {max: {default: 3}}"), `METADATA custom.reeve.parameters.max: type ""; use one of [string integer number boolean array object]`},
		{"a parameter of a type there is not", with("parameters: {max: {type: int, default: 3}}"), `METADATA custom.reeve.parameters.max: type "int"; use one of [string integer number boolean array object]`},
		{"a parameter without a default", with("parameters: {max: {type: integer}}"), "METADATA custom.reeve.parameters.max: default is missing; a rule must work without configuration"},
		{"a default of null", with("parameters: {max: {type: integer, default: null}}"), "METADATA custom.reeve.parameters.max: default is missing; a rule must work without configuration"},
		{"a default of another type", with("parameters: {max: {type: integer, default: many}}"), "METADATA custom.reeve.parameters.max: default: many is not of type integer"},
		{"a default with a fraction", with("parameters: {max: {type: integer, default: 1.5}}"), "METADATA custom.reeve.parameters.max: default: 1.5 is not of type integer"},
		{"items of another type", with("parameters: {names: {type: array, items: string, default: [a, 1]}}"), "METADATA custom.reeve.parameters.names: default: item 1: 1 is not of type string"},
		{"items of a type there is not", with("parameters: {names: {type: array, items: word, default: []}}"), `METADATA custom.reeve.parameters.names: items "word"; use one of [string integer number boolean array object]`},
		{"items beside another type", with("parameters: {names: {type: string, items: string, default: a}}"), "METADATA custom.reeve.parameters.names: items beside type string; only arrays have items"},
		{"the first of several bad parameters is always the same", with("parameters: {c: {}, a: {}, b: {}}"), `METADATA custom.reeve.parameters.a: type ""; use one of [string integer number boolean array object]`},
		{"a number that could switch the rule off", with("parameters: {max: {type: integer, default: 0, offWhileEmpty: true}}"), "METADATA custom.reeve.parameters.max: offWhileEmpty beside type integer; only a string, an array or an object can be empty"},
		{"a sample of two", with("inventory: [{kind: Pod, sample: 2}]"), "METADATA custom.reeve.inventory: sample 2; the only sample size is 1"},
		{"a sample below zero", with("inventory: [{kind: Pod, sample: -1}]"), "METADATA custom.reeve.inventory: sample -1; the only sample size is 1"},
		{"a sample for admission", with("inventory: [{kind: Pod, sample: 1}]"), "METADATA custom.reeve.inventory: a sample can be taken by a scan only; add doors: [scan]"},
		{"half a sample", with("inventory: [{kind: Pod, sample: 0.5}]"), "METADATA custom.reeve: inventory.0.sample is not an integer"},
		{"inventory without a kind", with("inventory: [{sample: 1}]"), `METADATA custom.reeve.inventory: ""` + kindRemedy},
		{"inventory that is a list of kinds", with("inventory: [Pod]"), "METADATA custom.reeve: inventory.0 is not a mapping"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := annotated(t, test.metadata)
			if r != nil || err == nil || err.Error() != test.want {
				t.Errorf("got %v, error %v\nwant the error %s", r, err, test.want)
			}
		})
	}
}

func TestFromAnnotationWantsABlockAbovePackage(t *testing.T) {
	const want = "the package has no METADATA block; write one above it with a title and, under custom.reeve, severity and kinds"
	below := parse(t, "a.rego", "package reeve.test.a\n\n# METADATA\n# title: Of the rule only\nviolation contains \"x\" if true\n")
	if _, err := rule.FromAnnotation(rule.Annotation(below)); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestParametersTakeValuesOfTheirTypeOnly(t *testing.T) {
	values := map[string]any{
		"string": "a", "boolean": true, "integer": 3.0, "number": 1.5, "array": []any{"a"}, "object": map[string]any{"a": 1.0},
	}
	for wanted := range values {
		for is, value := range values {
			err := rule.Parameter{Type: wanted}.Check(value)
			fits := wanted == is || wanted == "number" && is == "integer"
			if (err == nil) != fits {
				t.Errorf("a value of type %s for a parameter of type %s: %v", is, wanted, err)
			}
		}
		if (rule.Parameter{Type: wanted}).Check(nil) == nil {
			t.Errorf("null was taken for a %s", wanted)
		}
	}
	if (rule.Parameter{Type: "integer"}).Check(1e300) == nil {
		t.Error("1e300 was taken for an integer")
	}
}

func TestOnlyAnEmptyParameterSwitchesARuleOff(t *testing.T) {
	for _, test := range []struct {
		parameter rule.Parameter
		value     any
		want      bool
	}{
		{rule.Parameter{Type: "array", OffWhileEmpty: true}, []any{}, true},
		{rule.Parameter{Type: "array", OffWhileEmpty: true}, []any{""}, false},
		{rule.Parameter{Type: "string", OffWhileEmpty: true}, "", true},
		{rule.Parameter{Type: "string", OffWhileEmpty: true}, "a", false},
		{rule.Parameter{Type: "object", OffWhileEmpty: true}, map[string]any{}, true},
		{rule.Parameter{Type: "object", OffWhileEmpty: true}, map[string]any{"a": 1.0}, false},
		{rule.Parameter{Type: "array"}, []any{}, false},
	} {
		if got := test.parameter.SwitchesOff(test.value); got != test.want {
			t.Errorf("%+v with %v: %t", test.parameter, test.value, got)
		}
	}
}

func TestARuleWaitsForWhatIsNotOptional(t *testing.T) {
	node, pod := schema.GroupKind{Kind: "Node"}, schema.GroupKind{Kind: "Pod"}
	for _, test := range []struct {
		needs []rule.Need
		want  bool
	}{
		{nil, false},
		{[]rule.Need{{Kind: node, Optional: true}}, false},
		{[]rule.Need{{Kind: node, Optional: true}, {Kind: pod}}, true},
	} {
		if r := (&rule.Rule{Inventory: test.needs}); r.Waits() != test.want {
			t.Errorf("%v: waits %t", test.needs, r.Waits())
		}
	}
}
