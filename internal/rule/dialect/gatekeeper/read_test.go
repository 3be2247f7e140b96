package gatekeeper_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/manifest"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect/gatekeeper"
)

const labelsTemplate = `apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata:
  name: wantedlabels
  annotations:
    metadata.gatekeeper.sh/title: Wanted labels
    description: Objects carry the labels that are wanted.
spec:
  crd:
    spec:
      names:
        kind: WantedLabels
      validation:
        openAPIV3Schema:
          type: object
          required: [labels]
          properties:
            labels:
              type: array
              items:
                type: object
                properties:
                  key: {type: string, pattern: "^[a-z]+$"}
                  optional: {type: boolean, default: false}
            limit:
              x-kubernetes-int-or-string: true
            words:
              type: string
              enum: [few, many]
              default: few
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package wantedlabels

      violation[{"msg": msg}] {
        key := input.parameters.labels[_].key
        not input.review.object.metadata.labels[key]
        msg := sprintf("label %v is missing", [key])
      }
`

const labelsConstraint = `apiVersion: constraints.gatekeeper.sh/v1beta1
kind: WantedLabels
metadata:
  name: team
spec:
  match:
    kinds:
    - apiGroups: [""]
      kinds: [Pod]
  parameters:
    labels:
    - key: team
`

// document returns the first object of a manifest.
func document(t testing.TB, text string) *gatekeeper.Document {
	t.Helper()
	read := manifest.Parse("a.yaml", []byte(text))
	if len(read.Problems) > 0 || len(read.Objects) == 0 {
		t.Fatalf("read %d objects, problems %v", len(read.Objects), read.Problems)
	}
	return gatekeeper.NewDocument(read.Objects[0])
}

func template(t testing.TB, text string) *gatekeeper.Template {
	t.Helper()
	read, wrong := gatekeeper.ReadTemplate(document(t, text))
	if len(wrong) > 0 {
		t.Fatal(wrong[0])
	}
	return read
}

// replace replaces words of a text, in pairs of old and new, and fails when there
// is nothing to replace.
func replace(t testing.TB, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%q is not in the text", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

func texts(problems []*rule.Problem) []string {
	var texts []string
	for _, problem := range problems {
		texts = append(texts, problem.Error())
	}
	return texts
}

func TestReadTemplateReadsEveryField(t *testing.T) {
	read := template(t, labelsTemplate)
	if read.Kind != "WantedLabels" || read.Title != "Wanted labels" || read.Description != "Objects carry the labels that are wanted." {
		t.Errorf("read as %q, %q, %q", read.Kind, read.Title, read.Description)
	}
	if line := read.Module.Module.Package.Location.Row; line != 34 {
		t.Errorf("the package is said to be on line %d, want that of the file, 34", line)
	}
}

func TestReadTemplateFindsTheRegoWhereverItStands(t *testing.T) {
	const inline = "    rego: |\n      package wantedlabels\n"
	code := replace(t, labelsTemplate, inline, "    code:\n    - engine: K8sNativeValidation\n      source: {validations: []}\n    - engine: Rego\n      source:\n       rego: |\n        package wantedlabels\n")
	code = strings.ReplaceAll(code, "\n      violation", "\n        violation")
	code = strings.ReplaceAll(code, "\n      }", "\n        }")
	library := `    libs:
    - |
      package lib.words
      say(x) = y { y := sprintf("%v", [x]) }
`
	modern := replace(t, code, "      source:\n       rego", "      source:\n       version: v1\n       rego", `violation[{"msg": msg}] {`, `violation contains {"msg": msg} if {`)
	for name, text := range map[string]string{
		"code beside that of another engine":  code,
		"an old version":                      replace(t, labelsTemplate, "sh/v1\n", "sh/v1beta1\n"),
		"the oldest version":                  replace(t, labelsTemplate, "sh/v1\n", "sh/v1alpha1\n"),
		"Rego v1 that says so":                modern,
		"Rego v1 that does not say so":        replace(t, modern, "       version: v1\n", ""),
		"Rego v1 by an import":                replace(t, labelsTemplate, "package wantedlabels", "package wantedlabels\n      import rego.v1", `violation[{"msg": msg}] {`, `violation contains {"msg": msg} if {`),
		"libraries":                           replace(t, labelsTemplate, "package wantedlabels", "package wantedlabels\n      import data.lib.words") + library,
		"the entry point in several pieces":   replace(t, labelsTemplate, "package wantedlabels\n", "package wantedlabels\n      violation[{\"msg\": \"x\"}] { false }\n"),
		"a template in JSON style and quotes": replace(t, labelsTemplate, "rego: |\n      package wantedlabels\n", `rego: "package a\nviolation[{\"msg\": \"x\"}] { true }"`+"\n    unused: |\n"),
	} {
		t.Run(name, func(t *testing.T) {
			if read := template(t, text); read.Module.Module == nil || (len(read.Libraries) == 1) != strings.Contains(text, "libs:") {
				t.Errorf("%d libraries, module %v", len(read.Libraries), read.Module.Module)
			}
		})
	}
}

func TestReadTemplateRefusesWhatCannotRun(t *testing.T) {
	for _, test := range []struct {
		name  string
		pairs []string
		want  string
	}{
		{"a version there is not", []string{"sh/v1\n", "sh/v2\n"}, "a.yaml:1: ConstraintTemplate wantedlabels: apiVersion: templates.gatekeeper.sh/v2 is not known; use templates.gatekeeper.sh/v1"},
		{"another name than the kind's", []string{"name: wantedlabels", "name: labels"}, "a.yaml:4: ConstraintTemplate labels: metadata.name: the name must be the kind of the constraints in lower case; rename the template to wantedlabels"},
		{"no kind", []string{"kind: WantedLabels", "plural: x"}, "a.yaml:11: ConstraintTemplate wantedlabels: spec.crd.spec.names.kind: the kind of the constraints is missing; write it, as in K8sRequiredLabels"},
		{"a kind that is a number", []string{"kind: WantedLabels", "kind: 7"}, "a.yaml:12: ConstraintTemplate wantedlabels: spec.crd.spec.names.kind: a number does not fit here; write a string, in quotes where it looks like something else"},
		{"another target", []string{"target: admission.k8s.gatekeeper.sh", "target: other"}, `a.yaml:32: ConstraintTemplate wantedlabels: spec.targets[0].target: "other" is not a target; write admission.k8s.gatekeeper.sh`},
		{"no target", []string{"  targets:\n", "  none:\n"}, "a.yaml:8: ConstraintTemplate wantedlabels: spec.targets: there are 0 targets; write one, admission.k8s.gatekeeper.sh"},
		{"a type there is not", []string{"type: boolean", "type: bool"}, `a.yaml:24: ConstraintTemplate wantedlabels: spec.crd.spec.validation.openAPIV3Schema.properties.labels.items.properties.optional.type: "bool" is not a type`},
		{"a type that is missing", []string{"type: boolean, ", ""}, "a.yaml:24: ConstraintTemplate wantedlabels: spec.crd.spec.validation.openAPIV3Schema.properties.labels.items.properties.optional: the type is missing"},
		{"several types", []string{"type: boolean", "type: [boolean, string]"}, "a.yaml:24: ConstraintTemplate wantedlabels: spec.crd.spec.validation.openAPIV3Schema.properties.labels.items.properties.optional.type: a list of types"},
		{"a list without items", []string{"items:\n", "note:\n"}, "a.yaml:18: ConstraintTemplate wantedlabels: spec.crd.spec.validation.openAPIV3Schema.properties.labels: items is missing"},
		{"a default that does not fit", []string{"default: few", "default: some"}, "a.yaml:30: ConstraintTemplate wantedlabels: spec.crd.spec.validation.openAPIV3Schema.properties.words.default: should be one of [few many]; write a default that fits"},
		{"properties beside others", []string{"          required: [labels]\n", "          additionalProperties: {type: string}\n"}, "a.yaml:16: ConstraintTemplate wantedlabels: spec.crd.spec.validation.openAPIV3Schema.additionalProperties: it cannot stand beside properties"},
		{"items that are unique", []string{"              type: array\n", "              type: array\n              uniqueItems: true\n"}, "a.yaml:20: ConstraintTemplate wantedlabels: spec.crd.spec.validation.openAPIV3Schema.properties.labels.uniqueItems: schemas of custom resources"},
		{"properties by patterns", []string{"          required: [labels]\n", "          patternProperties: {a: {type: string}}\n"}, "a.yaml:16: ConstraintTemplate wantedlabels: spec.crd.spec.validation.openAPIV3Schema.patternProperties: schemas of custom resources"},
		{"a kind that cannot be one", []string{"kind: WantedLabels", "kind: Wanted_Labels"}, `a.yaml:12: ConstraintTemplate wantedlabels: spec.crd.spec.names.kind: "Wanted_Labels" cannot be a kind`},
		{"a kind that is too long", []string{"kind: WantedLabels", "kind: " + strings.Repeat("A", 60)}, "a.yaml:12: ConstraintTemplate wantedlabels: spec.crd.spec.names.kind: \"" + strings.Repeat("A", 60) + "\" cannot be a kind; use up to 59 letters and digits"},
		{"a name in capitals", []string{"name: wantedlabels", "name: WantedLabels"}, "a.yaml:4: ConstraintTemplate WantedLabels: metadata.name: the name must be the kind of the constraints in lower case; rename the template to wantedlabels"},
		{"no Rego", []string{"rego: |", "text: |"}, "a.yaml:32: ConstraintTemplate wantedlabels: spec.targets[0].rego: there is no Rego; write package and violation"},
		{"another engine alone", []string{"    rego: |\n", "    code: [{engine: K8sNativeValidation, source: {}}]\n    x: |\n"}, "a.yaml:33: ConstraintTemplate wantedlabels: spec.targets[0].code: the template has no Rego, only K8sNativeValidation; Reeve runs the engine Rego alone, so leave the template to Gatekeeper or add its Rego"},
		{"Rego that does not parse", []string{`not input.review`, `not not input.review`}, "a.yaml:38: rego_parse_error: unexpected not keyword"},
		{"no violation", []string{"violation[", "deny["}, `a.yaml:33: ConstraintTemplate wantedlabels: spec.targets[0].rego: it does not define violation; write violation[{"msg": msg}] { ... }`},
		{"violation that is true", []string{`violation[{"msg": msg}]`, "violation"}, `a.yaml:36: ConstraintTemplate wantedlabels: violation is no set of objects but boolean; write violation[{"msg": msg}] { ... }, which finds what msg says`},
		{"violation that is a list", []string{`violation[{"msg": msg}]`, `violation = [{"msg": msg}]`}, "a.yaml:36: ConstraintTemplate wantedlabels: violation is no set of objects but array"},
		{"violation that is a function", []string{`violation[{"msg": msg}]`, "violation(x)"}, "a.yaml:36: ConstraintTemplate wantedlabels: violation is a function"},
		{"violations that are strings", []string{`violation[{"msg": msg}]`, `violation["x"]`}, "a.yaml:36: ConstraintTemplate wantedlabels: a violation is an object with msg, not string"},
		{"violations without msg", []string{`violation[{"msg": msg}]`, `violation[{"message": msg}]`}, "a.yaml:36: ConstraintTemplate wantedlabels: a violation without msg is none"},
		{"data there is not", []string{"not input.review.object", "not data.settings.object"}, "a.yaml:38: ConstraintTemplate wantedlabels: a template cannot read data.settings.object.metadata.labels[key]; it has data.inventory, and its libraries below data.lib"},
		{"all of data", []string{"not input.review.object", "some x; data[x]; not input.review.object"}, "a.yaml:38: ConstraintTemplate wantedlabels: a template cannot read data[x]; it has data.inventory, and its libraries below data.lib"},
		{"a provider of external data", []string{"not input.review.object", `external_data({"provider": "x", "keys": [key]}); not input.review.object`}, "a.yaml:38: ConstraintTemplate wantedlabels: it asks a provider of external data, which Reeve does not; leave the template to Gatekeeper"},
		{"a library of another name", []string{"    rego: |\n", "    libs:\n    - package words\n    rego: |\n"}, "a.yaml:34: ConstraintTemplate wantedlabels: spec.targets[0].libs[0]: package words is no library; name the package lib.<name>"},
		{"a schema with a reference", []string{"x-kubernetes-int-or-string: true", `$ref: "#/definitions/x"`}, "a.yaml:26: ConstraintTemplate wantedlabels: spec.crd.spec.validation.openAPIV3Schema.properties.limit.$ref: schemas of custom resources have no references; write out what it refers to"},
		{"a schema with a bad pattern", []string{`"^[a-z]+$"`, `"^[a-z+$"`}, "a.yaml:23: ConstraintTemplate wantedlabels: spec.crd.spec.validation.openAPIV3Schema.properties.labels.items.properties.key.pattern: error parsing regexp: missing closing ]: `[a-z+$`"},
		{"a schema that is none", []string{"type: object\n          required", "type: 7\n          required"}, "a.yaml:14: ConstraintTemplate wantedlabels: spec.crd.spec.validation.openAPIV3Schema: it is no OpenAPI schema"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, wrong := gatekeeper.ReadTemplate(document(t, replace(t, labelsTemplate, test.pairs...)))
			if len(wrong) != 1 || !strings.HasPrefix(wrong[0].Error(), test.want) {
				t.Errorf("got  %q\nwant %q", texts(wrong), test.want)
			}
		})
	}
}

func TestReadTemplateTakesViolationsOfWhichSomeMayBeFound(t *testing.T) {
	for _, head := range []string{
		`violation[found] { found := {"msg": "x"} }`,
		`violation = {x | x := {"msg": "x"}} { true }`,
		`violation[{"details": 1}] { false } violation[{"msg": "x"}] { true }`,
		`violation[{name: "x"}] { name := "msg" }`,
	} {
		template(t, replace(t, labelsTemplate, `violation[{"msg": msg}] {`, head+"\n      helper[msg] {"))
	}
}

func TestReadConstraintFillsInDefaults(t *testing.T) {
	of := template(t, labelsTemplate)
	got, wrong := gatekeeper.ReadConstraint(document(t, labelsConstraint), of)
	if len(wrong) > 0 {
		t.Fatal(texts(wrong))
	}
	want := map[string]any{"labels": []any{map[string]any{"key": "team", "optional": false}}, "words": "few"}
	if diff := cmp.Diff(want, got.Parameters); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	everywhere := map[gatekeeper.Point]gatekeeper.Action{gatekeeper.PointAdmission: "deny", gatekeeper.PointAudit: "deny", gatekeeper.PointGator: "deny"}
	if diff := cmp.Diff(everywhere, got.Actions); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAFormatThatNobodyKnowsChangesNothing(t *testing.T) {
	of := template(t, replace(t, labelsTemplate, "key: {type: string", "key: {type: string, format: colour"))
	_, wrong := gatekeeper.ReadConstraint(document(t, replace(t, labelsConstraint, "key: team", "key: [team]")), of)
	if len(wrong) != 1 || !strings.Contains(wrong[0].Error(), "must be of type string") {
		t.Errorf("a list for a string: %v", texts(wrong))
	}
}

func TestReadConstraintWithoutParameters(t *testing.T) {
	bare := replace(t, labelsConstraint, "  parameters:\n    labels:\n    - key: team\n", "")
	got, wrong := gatekeeper.ReadConstraint(document(t, bare), template(t, labelsTemplate))
	if len(wrong) > 0 || len(got.Parameters) != 0 || got.Parameters == nil {
		t.Errorf("what is not there need not be complete; problems %v", texts(wrong))
	}
	withoutSchema := replace(t, labelsTemplate, "openAPIV3Schema", "legacySchema: false\n        ignored")
	if _, wrong = gatekeeper.ReadConstraint(document(t, labelsConstraint), template(t, withoutSchema)); len(wrong) != 1 || !strings.Contains(wrong[0].Error(), "the template takes no parameters") {
		t.Errorf("parameters of a template that takes none: %v", texts(wrong))
	}
	for _, old := range []string{replace(t, withoutSchema, "legacySchema: false", "legacySchema: true"), replace(t, withoutSchema, "legacySchema: false\n", "x: 1\n", "sh/v1\n", "sh/v1beta1\n")} {
		if _, wrong = gatekeeper.ReadConstraint(document(t, labelsConstraint), template(t, old)); len(wrong) > 0 {
			t.Errorf("old templates take any parameters: %v", texts(wrong))
		}
	}
}

func TestReadConstraintRefusesWhatDoesNotFit(t *testing.T) {
	of := template(t, labelsTemplate)
	for _, test := range []struct {
		name  string
		pairs []string
		want  string
	}{
		{"a version there is not", []string{"sh/v1beta1", "sh/v1"}, `a.yaml:1: WantedLabels team: apiVersion: "constraints.gatekeeper.sh/v1" is not known; use constraints.gatekeeper.sh/v1beta1`},
		{"no name", []string{"name: team", "labels: {}"}, `a.yaml:3: WantedLabels : metadata.name: "" cannot name a constraint`},
		{"an unknown field", []string{"spec:\n", "spec:\n  matches: {}\n"}, "a.yaml:6: WantedLabels team: spec.matches: there is no such field; remove it, or move it to parameters or match"},
		{"an unknown criterion", []string{"  match:\n", "  match:\n    namespace: shop\n"}, "a.yaml:7: WantedLabels team: spec.match.namespace: there is no such field; remove it, or correct its name"},
		{"kinds that are a word", []string{"kinds: [Pod]", "kinds: Pod"}, "a.yaml:9: WantedLabels team: spec.match.kinds[0].kinds: a string does not fit here; write a list"},
		{"a namespace in capitals", []string{"  match:\n", "  match:\n    namespaces: [a, Shop]\n"}, `a.yaml:7: WantedLabels team: spec.match.namespaces[1]: "Shop" is not a name or a glob`},
		{"an asterisk in the middle", []string{"  match:\n", "  match:\n    excludedNamespaces: [\"a*b\"]\n"}, `a.yaml:7: WantedLabels team: spec.match.excludedNamespaces[0]: "a*b" is not a name or a glob`},
		{"a name that is no glob", []string{"  match:\n", "  match:\n    name: a.b\n"}, `a.yaml:7: WantedLabels team: spec.match.name: "a.b" is not a name or a glob`},
		{"a source there is not", []string{"  match:\n", "  match:\n    source: Elsewhere\n"}, `a.yaml:7: WantedLabels team: spec.match.source: "Elsewhere" is not a source`},
		{"a label selector with a bad operator", []string{"  match:\n", "  match:\n    labelSelector: {matchExpressions: [{key: a, operator: Has}]}\n"}, `a.yaml:7: WantedLabels team: spec.match.labelSelector.matchExpressions[0].operator: Invalid value: "Has"`},
		{"a namespace selector with a bad label", []string{"  match:\n", "  match:\n    namespaceSelector:\n      matchLabels: {\"a b\": c}\n"}, "a.yaml:8: WantedLabels team: spec.match.namespaceSelector.matchLabels: Invalid value"},
		{"an action there is not", []string{"spec:\n", "spec:\n  enforcementAction: block\n"}, `a.yaml:6: WantedLabels team: spec.enforcementAction: "block" is not an action; use deny, warn, dryrun or scoped`},
		{"scoped without scopes", []string{"spec:\n", "spec:\n  enforcementAction: scoped\n"}, "a.yaml:5: WantedLabels team: spec.scopedEnforcementActions: enforcementAction is scoped, and this says of no enforcement point what to do there"},
		{"a scoped action there is not", []string{"spec:\n", "spec:\n  enforcementAction: scoped\n  scopedEnforcementActions: [{action: scoped}]\n"}, `a.yaml:7: WantedLabels team: spec.scopedEnforcementActions[0].action: "scoped" is not an action; use deny, warn or dryrun`},
		{"an enforcement point in other letters", []string{"spec:\n", "spec:\n  enforcementAction: scoped\n  scopedEnforcementActions: [{action: deny, enforcementPoints: [{name: Validation.Gatekeeper.sh}]}]\n"}, `a.yaml:7: WantedLabels team: spec.scopedEnforcementActions[0].enforcementPoints[0].name: "Validation.Gatekeeper.sh" is not an enforcement point; use validation.gatekeeper.sh, audit.gatekeeper.sh or "*"`},
		{"no enforcement point", []string{"spec:\n", "spec:\n  enforcementAction: scoped\n  scopedEnforcementActions: [{action: deny}]\n"}, "a.yaml:7: WantedLabels team: spec.scopedEnforcementActions[0].enforcementPoints: there is none"},
		{"a misspelt field of a scoped action", []string{"spec:\n", "spec:\n  enforcementAction: scoped\n  scopedEnforcementActions: [{action: deny, enforcementPoint: [{name: \"*\"}]}]\n"}, "a.yaml:7: WantedLabels team: spec.scopedEnforcementActions[0].enforcementPoint: there is no such field"},
		{"a misspelt spec", []string{"spec:\n", "Spec:\n"}, "a.yaml:5: WantedLabels team: Spec: there is no such field"},
		{"a spec without value", []string{"spec:\n", "spec: null\nstatus:\n"}, "a.yaml:5: WantedLabels team: spec: it has no value; write one, or remove the field"},
		{"a selector without value", []string{"  match:\n", "  match:\n    labelSelector:\n"}, "a.yaml:7: WantedLabels team: spec.match.labelSelector: it has no value"},
		{"a label without value", []string{"  match:\n", "  match:\n    labelSelector: {matchLabels: {a: }}\n"}, "a.yaml:7: WantedLabels team: spec.match.labelSelector.matchLabels.a: it has no value"},
		{"a namespace without value", []string{"  match:\n", "  match:\n    namespaces: [null]\n"}, "a.yaml:7: WantedLabels team: spec.match.namespaces[0]: it has no value"},
		{"an empty source", []string{"  match:\n", "  match:\n    source: \"\"\n"}, `a.yaml:7: WantedLabels team: spec.match.source: "" is not a source`},
		{"parameters without value", []string{"    labels:\n    - key: team", ""}, "a.yaml:10: WantedLabels team: spec.parameters: must be of type object"},
		{"an unknown parameter", []string{"    - key: team", "    - key: team\n      Key: x"}, "a.yaml:13: WantedLabels team: spec.parameters.labels[0].Key: the template has no such parameter; remove it, or correct its name"},
		{"a required parameter is missing", []string{"    labels:\n    - key: team", "    words: many"}, "a.yaml:10: WantedLabels team: spec.parameters.labels: the template demands this parameter; set it"},
		{"a parameter of another type", []string{"key: team", "key: true"}, "a.yaml:12: WantedLabels team: spec.parameters.labels[0].key: must be of type string"},
		{"a parameter that does not match its pattern", []string{"key: team", "key: TEAM"}, "a.yaml:12: WantedLabels team: spec.parameters.labels[0].key: should match '^[a-z]+$'"},
		{"a parameter that is not among its values", []string{"    labels:", "    words: some\n    labels:"}, "a.yaml:11: WantedLabels team: spec.parameters.words: should be one of [few many]"},
		{"neither number nor word", []string{"    labels:", "    limit: true\n    labels:"}, "a.yaml:11: WantedLabels team: spec.parameters.limit: must be of type"},
		{"parameters that are a list", []string{"    labels:\n    - key: team", "  - 7"}, "a.yaml:10: WantedLabels team: spec.parameters: must be of type object"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, wrong := gatekeeper.ReadConstraint(document(t, replace(t, labelsConstraint, test.pairs...)), of)
			if len(wrong) != 1 || !strings.HasPrefix(wrong[0].Error(), test.want) {
				t.Errorf("got  %q\nwant %q", texts(wrong), test.want)
			}
		})
	}
}

func TestEnforcementPointsHaveActionsOfTheirOwn(t *testing.T) {
	of := template(t, labelsTemplate)
	scoped := func(entries string) string {
		return replace(t, labelsConstraint, "spec:\n", "spec:\n  enforcementAction: scoped\n  scopedEnforcementActions:\n"+entries)
	}
	type actions = map[gatekeeper.Point]gatekeeper.Action
	for _, test := range []struct {
		name, text string
		want       actions
	}{
		{"dryrun everywhere", replace(t, labelsConstraint, "spec:\n", "spec:\n  enforcementAction: dryrun\n"), actions{gatekeeper.PointAdmission: "dryrun", gatekeeper.PointAudit: "dryrun", gatekeeper.PointGator: "dryrun"}},
		{"warn at admission alone", scoped("  - {action: warn, enforcementPoints: [{name: validation.gatekeeper.sh}]}\n"), actions{gatekeeper.PointAdmission: "warn"}},
		{"an asterisk, and stricter in one place", scoped("  - {action: deny, enforcementPoints: [{name: validation.gatekeeper.sh}]}\n  - {action: dryrun, enforcementPoints: [{name: \"*\"}]}\n"), actions{gatekeeper.PointAdmission: "deny", gatekeeper.PointAudit: "dryrun", gatekeeper.PointGator: "dryrun"}},
		{"somebody else's enforcement point", scoped("  - {action: deny, enforcementPoints: [{name: vap.k8s.io}]}\n"), actions{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, wrong := gatekeeper.ReadConstraint(document(t, test.text), of)
			if len(wrong) > 0 {
				t.Fatal(texts(wrong))
			}
			if diff := cmp.Diff(test.want, got.Actions); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add(labelsTemplate, labelsConstraint)
	f.Add(strings.Replace(labelsTemplate, "rego: |", "code: [{engine: Rego, source: {rego: package a}}]\n    x: |", 1), "kind: X\napiVersion: constraints.gatekeeper.sh/v1beta1")
	f.Fuzz(func(t *testing.T, templateText, constraintText string) {
		for _, object := range manifest.Parse("a.yaml", []byte(templateText)).Objects {
			read, wrong := gatekeeper.ReadTemplate(gatekeeper.NewDocument(object))
			if (read == nil) != (len(wrong) > 0) {
				t.Fatalf("read %v, problems %v", read, texts(wrong))
			}
			if read == nil {
				continue
			}
			for _, object := range manifest.Parse("b.yaml", []byte(constraintText)).Objects {
				constraint, wrong := gatekeeper.ReadConstraint(gatekeeper.NewDocument(object), read)
				if (constraint == nil) != (len(wrong) > 0) {
					t.Fatalf("read %v, problems %v", constraint, texts(wrong))
				}
			}
		}
	})
}
