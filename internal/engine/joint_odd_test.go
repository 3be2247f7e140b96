package engine_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/engine"
)

// oddParameters are given to each of oddPolicies.
var oddParameters = []string{`{}`, `{prefix: 7}`, `{flag: true, key: app}`, `{flag: null, key: "", limit: 0}`, `{names: [], labels: {}}`, `{names: [web], prefix: w, limit: 1}`}

// oddPolicies are templates whose copies once said something else than they do, or kept
// all others from being compiled.
var oddPolicies = map[string]string{
	"NamesOfNothing": `violation[{"msg": msg}] { msg := names[_] }
names = {n | n := input.parameters.names[_]}`,
	"NotNamesOfNothing": `violation[{"msg": msg}] { msg := containers[_].name; not names[msg] }
names = [n | n := input.parameters.names[_]]`,
	"LabelsOfNothing": `violation[{"msg": "x"}] { labels.app }
labels = {k: v | v := input.parameters.labels[k]}`,
	"BelowAWord": `violation[{"msg": "x"}] { settings.nested }
settings = object.get(input.parameters, "map", "none")`,
	"BelowANumber": `violation[{"msg": "x"}] { mine.lim[_] }
mine := {"lim": input.parameters.limit}`,
	"HelperOfWhatStandsAlone": `violation[{"msg": msg}] { prefixed; msg := json.marshal(input) }
prefixed { startswith(input.review.object.metadata.name, input.parameters.prefix) }`,
	"HelperOfWhatIsLeftOut": `violation[{"msg": "x"}] { not exempt }
exempt { input.parameters.missing; prefixed }
prefixed { startswith(input.review.object.metadata.name, input.parameters.prefix) }`,
	"LocalNamedAssign": `violation[{"msg": msg}] { assign := 1; y := assign; msg := sprintf("%v", [y]) }`,
	"NotAFlag":         `violation[{"msg": input.review.object.kind}] { not input.parameters.flag }`,
	"NotAFlagInAFunction": `violation[{"msg": kind(input.review.object)}] { true }
kind(x) = x.kind { not input.parameters.flag }`,
	"NotAFlagInAList": `violation[{"msg": msg}] { msg := [input.review.object.kind | not input.parameters.flag][_] }`,
	"Constants":       `violation[{"msg": msg}] { msg := sprintf("%v", [input.reeve_constants]) }`,
	"Print":           `violation[{"msg": "p"}] { print(input.parameters.missing) }`,
	"NotPrint": `violation[{"msg": "none"}] { not fine }
fine { print(input.parameters.missing); input.review.object.kind == "Pod" }`,
	"LocalAfterAnother": `violation[{"msg": msg}] { xs := [v | p = containers[_]; v := p.name]; p := input.parameters; msg := sprintf("%v", [xs]) }`,
}

// oddPoliciesV1 are such templates in Rego v1.
var oddPoliciesV1 = map[string]string{
	"SetsBelowAName": `violation contains {"msg": "empty"} if count(bad.images) == 0
bad.images contains i if { i := input.parameters.names[_] }
bad.names contains 1`,
	"DeepSet": `violation contains {"msg": sprintf("%v", [by.a])} if true
by.a.b contains x if { x := input.parameters.names[_] }`,
	"RuleBelowAName": `violation contains {"msg": sprintf("%v", [by.kind])} if true
by.kind.Pod := 1 if input.parameters.names[_]`,
	"NamedByAParameter": `violation contains {"msg": "not"} if not by.app
by[input.parameters.key] contains c if { some c in containers; c.name == "nope" }`,
	"LocalOfEvery": `violation contains {"msg": "x"} if { every c in containers { p = c; p.image }; p := input.parameters }`,
	"NamedByTheObject": `violation contains {"msg": sprintf("%v", [by])} if true
by[input.review.object.metadata.name] contains 1`,
}

func TestOddTemplatesFindTheSameTogetherAsByThemselves(t *testing.T) {
	files := make(map[string]string)
	for name, rego := range oddPolicies {
		files[name+".yaml"] = jointTemplate(name, "v0", rego+jointHelpers) + jointConstraints(name, oddParameters)
	}
	for name, rego := range oddPoliciesV1 {
		files[name+".yaml"] = jointTemplate(name, "v1", rego+jointHelpersV1) + jointConstraints(name, oddParameters)
	}
	options := engine.Options{CacheSize: -1, Deadline: time.Minute, Budget: time.Minute}
	compare := func(t *testing.T, files map[string]string) *engine.Engine {
		set := load(t, files)
		apart, joint := newEngine(t, set, options), newEngine(t, set, options)
		apart.Apart()
		for _, text := range []string{plainPod, `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"template":{"spec":{"containers":[{"name":"web","image":"nginx"}]}}}}`} {
			if diff := cmp.Diff(said(t, apart, pod(t, text)), said(t, joint, pod(t, text))); diff != "" {
				t.Errorf("(-apart +together):\n%s", diff)
			}
		}
		return joint
	}
	if joint := compare(t, files); len(joint.Copied()) < len(files)*len(oddParameters)/2 {
		t.Errorf("only %d are judged together", len(joint.Copied()))
	}
	for name, text := range files {
		t.Run(name, func(t *testing.T) { compare(t, map[string]string{name + ".yaml": text}) })
	}
}
