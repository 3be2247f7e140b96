package gator_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubereeve/reeve/internal/ruletest/gator"
)

// files are a small tree of templates, constraints, objects and suites.
var files = map[string]string{
	"template.yaml": `apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: wantedlabels}
spec:
  crd:
    spec:
      names: {kind: WantedLabels}
      validation:
        openAPIV3Schema:
          type: object
          properties:
            labels: {type: array, items: {type: string}, default: [team]}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package wantedlabels
      import data.lib.labels
      violation[{"msg": msg, "details": {"label": label}}] {
        label := input.parameters.labels[_]
        labels.missing(label)
        msg := sprintf("%v has no label %v", [input.review.name, label])
      }
    libs:
    - |
      package lib.labels
      missing(label) { not input.review.object.metadata.labels[label] }
`,
	"constraint.yaml": `apiVersion: constraints.gatekeeper.sh/v1beta1
kind: WantedLabels
metadata: {name: owners}
spec:
  match: {kinds: [{apiGroups: [""], kinds: [Pod]}]}
  parameters: {labels: [team, owner]}
`,
	"defaults.yaml": `apiVersion: constraints.gatekeeper.sh/v1beta1
kind: WantedLabels
metadata: {name: defaults}
spec: {parameters: {}}
`,
	"elsewhere.yaml": `apiVersion: constraints.gatekeeper.sh/v1beta1
kind: WantedLabels
metadata: {name: elsewhere}
spec:
  enforcementAction: scoped
  scopedEnforcementActions: [{action: deny, enforcementPoints: [{name: audit.gatekeeper.sh}]}]
  parameters: {}
`,
	"selected.yaml": `apiVersion: constraints.gatekeeper.sh/v1beta1
kind: WantedLabels
metadata: {name: selected}
spec:
  match: {namespaceSelector: {matchLabels: {strict: "yes"}}}
  parameters: {}
`,
	"scoped.yaml": `apiVersion: constraints.gatekeeper.sh/v1beta1
kind: WantedLabels
metadata: {name: scoped}
spec: {match: {scope: Namespaced}, parameters: {}}
`,
	"invalid.yaml": `apiVersion: constraints.gatekeeper.sh/v1beta1
kind: WantedLabels
metadata: {name: invalid}
spec: {parameters: {labels: team}}
`,
	"unheard.yaml": `apiVersion: constraints.gatekeeper.sh/v1beta1
kind: WantedLabels
metadata: {name: unheard}
spec:
  enforcementAction: scoped
  scopedEnforcementActions: [{action: block, enforcementPoints: [{name: elsewhere}, {name: gator.gatekeeper.sh}]}]
  parameters: {}
`,
	"stray.yaml": `apiVersion: constraints.gatekeeper.sh/v1beta1
kind: WantedLabels
metadata: {name: stray}
spec:
  match: {kinds: [{apiGroups: [""], kinds: [Pod], versions: [v1]}]}
  parameters: {labels: [team], unknown: x}
`,
	"good.yaml":      "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {team: a, owner: b}}\n",
	"bad.yaml":       "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\n",
	"nowhere.yaml":   "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n",
	"node.yaml":      "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n",
	"both.yaml":      "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\n",
	"strict.yaml":    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {strict: \"yes\"}}\n",
	"deletion.yaml":  "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest:\n  uid: u\n  operation: DELETE\n  name: web\n  oldObject:\n    apiVersion: v1\n    kind: Pod\n    metadata: {name: web, namespace: shop}\n",
	"empty.yaml":     "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest: {operation: CREATE}\n",
	"halfway.yaml":   "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest: {operation: DELETE, object: {apiVersion: v1, kind: Pod}}\n",
	"misspelt.yaml":  "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest: {operations: CREATE}\n",
	"requested.yaml": "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\n",
	"kindless.yaml":  "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest: {object: {metadata: {name: a}}}\n",
	"twins-template.yaml": `apiVersion: templates.gatekeeper.sh/v1beta1
kind: ConstraintTemplate
metadata: {name: notwins}
spec:
  crd: {spec: {names: {kind: NoTwins}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package notwins
      violation[{"msg": msg}] {
        other := data.inventory.namespace[namespace][_][input.review.kind.kind][name]
        name == input.review.name
        namespace != input.review.namespace
        msg := sprintf("%v has a twin in %v with %v labels", [name, namespace, to_number(other.metadata.name)])
      }
      violation[{"msg": "twin"}] {
        data.inventory.namespace[_]["v1"].Pod[input.review.name]
      }
`,
	"placeless.yaml": `apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Placeless
metadata: {name: placeless}
spec: {match: {namespaceSelector: {matchLabels: {strict: "yes"}}}}
`,
	"placeless-template.yaml": `apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: placeless}
spec:
  crd: {spec: {names: {kind: Placeless}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package placeless
      violation[{"msg": "nothing is known of the namespace"}] { input.review.namespaceObject == {} }
      violation[{"msg": msg}] { msg := sprintf("%v is in no namespace", [name]); data.inventory.cluster.v1.Pod[name] }
`,
	"deployment.yaml":         "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop, labels: {team: a}}\nspec:\n  template:\n    metadata: {labels: {owner: b}}\n    spec: {}\n",
	"expansion.yaml":          "apiVersion: expansion.gatekeeper.sh/v1beta1\nkind: ExpansionTemplate\nmetadata: {name: deployments}\nspec:\n  applyTo: [{groups: [apps], versions: [v1], kinds: [Deployment]}]\n  templateSource: spec.template\n  generatedGVK: {group: \"\", version: v1, kind: Pod}\n",
	"astray.yaml":             "apiVersion: expansion.gatekeeper.sh/v1beta1\nkind: ExpansionTemplate\nmetadata: {name: astray}\nspec:\n  applyTo: [{groups: [apps], versions: [v1], kinds: [Deployment]}]\n  templateSource: spec.elsewhere\n  generatedGVK: {version: v1, kind: Pod}\n",
	"endless.yaml":            "apiVersion: expansion.gatekeeper.sh/v1beta1\nkind: ExpansionTemplate\nmetadata: {name: endless}\nspec:\n  applyTo: [{groups: [apps], versions: [v1], kinds: [Deployment]}]\n  templateSource: spec.template\n  generatedGVK: {group: apps, version: v1, kind: Deployment}\n",
	"sourceless.yaml":         "apiVersion: expansion.gatekeeper.sh/v1beta1\nkind: ExpansionTemplate\nmetadata: {name: a}\nspec:\n  applyTo: [{groups: [apps], versions: [v1], kinds: [Deployment]}]\n  generatedGVK: {version: v1, kind: Pod}\n",
	"idle.yaml":               "apiVersion: expansion.gatekeeper.sh/v1beta1\nkind: ExpansionTemplate\nmetadata: {name: a}\nspec: {templateSource: spec.template, generatedGVK: {version: v1, kind: Pod}}\n",
	"nameless.yaml":           "apiVersion: expansion.gatekeeper.sh/v1beta1\nkind: ExpansionTemplate\nspec: {templateSource: spec.template, generatedGVK: {version: v1, kind: Pod}}\n",
	"twofold.yaml":            "apiVersion: expansion.gatekeeper.sh/v1beta1\nkind: ExpansionTemplate\nmetadata: {name: pods}\nspec:\n  applyTo: [{groups: [apps], versions: [v1], kinds: [Deployment]}]\n  templateSource: spec.template\n  generatedGVK: {version: v1, kind: Pod}\n---\napiVersion: expansion.gatekeeper.sh/v1beta1\nkind: ExpansionTemplate\nmetadata: {name: pods}\nspec:\n  applyTo: [{groups: [apps], versions: [v1], kinds: [Deployment]}]\n  templateSource: spec.template\n  generatedGVK: {version: v1, kind: Pod}\n",
	"kindless-expansion.yaml": "apiVersion: expansion.gatekeeper.sh/v1beta1\nkind: ExpansionTemplate\nmetadata: {name: a}\nspec: {templateSource: spec}\n",
	"generated.yaml":          "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: WantedLabels\nmetadata: {name: generated}\nspec: {match: {source: Generated}, parameters: {}}\n",
	"original.yaml":           "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: WantedLabels\nmetadata: {name: original}\nspec: {match: {source: Original}, parameters: {}}\n",
	"twins.yaml":              "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: NoTwins\nmetadata: {name: twins}\n",
	"other.yaml":              "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: blog}\n",
}

// suiteHeader begins every suite.
const suiteHeader = "apiVersion: test.gatekeeper.sh/v1alpha1\nkind: Suite\n"

// run runs a suite, given without its header, beside the files.
func run(t *testing.T, suite, filter string) *gator.SuiteResult {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	write(t, filepath.Join(dir, "suite.yaml"), suiteHeader+suite)
	chosen, err := gator.ParseFilter(filter)
	if err != nil {
		t.Fatal(err)
	}
	results, err := gator.Run(context.Background(), gator.Options{Names: []string{dir}, Filter: chosen})
	if err != nil || len(results) != 1 {
		t.Fatalf("%d results, error %v", len(results), err)
	}
	return results[0]
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// test returns a test of a constraint with one case.
func test(constraint, object, rest string) string {
	template := "template.yaml"
	if constraint == "twins.yaml" || constraint == "placeless.yaml" {
		template = strings.Replace(constraint, ".", "-template.", 1)
	}
	return "tests:\n- name: one\n  template: " + template + "\n  constraint: " + constraint + "\n  cases:\n  - name: case\n    object: " + object + "\n" + rest
}

func TestCasesHold(t *testing.T) {
	for _, each := range []struct{ name, suite string }{
		{"nothing is found", test("constraint.yaml", "good.yaml", "    assertions: [{violations: no}]\n")},
		{"something is found", test("constraint.yaml", "bad.yaml", "    assertions: [{violations: yes}]\n")},
		{"yes and no in quotes", test("constraint.yaml", "bad.yaml", "    assertions: [{violations: \"yes\"}, {violations: \"no\", message: other}]\n")},
		{"yes is the default", test("constraint.yaml", "bad.yaml", "    assertions: [{}]\n")},
		{"a number", test("constraint.yaml", "bad.yaml", "    assertions: [{violations: 2}]\n")},
		{"messages", test("constraint.yaml", "bad.yaml", "    assertions: [{violations: 1, message: \"no label team$\"}, {message: \"^web has\"}, {violations: 0, message: x}]\n")},
		{"an object that the constraint does not judge", test("constraint.yaml", "node.yaml", "    assertions: [{violations: no}]\n")},
		{"defaults of the template", test("defaults.yaml", "bad.yaml", "    assertions: [{violations: 1, message: team}]\n")},
		{"actions and enforcement points that only the webhook refuses", test("unheard.yaml", "bad.yaml", "    assertions: [{violations: 1, message: team}]\n")},
		{"an enforcement point that is not gator", test("elsewhere.yaml", "bad.yaml", "    assertions: [{violations: no}]\n")},
		{"a namespace of which nothing is known", test("selected.yaml", "bad.yaml", "    assertions: [{violations: 1, message: missing Namespace}]\n")},
		{"a namespace in the inventory", test("selected.yaml", "bad.yaml", "    inventory: [strict.yaml]\n    assertions: [{violations: 1, message: team}]\n")},
		{"the namespace is matched by, and never seen", test("placeless.yaml", "bad.yaml", "    inventory: [strict.yaml]\n    assertions: [{violations: 1}, {violations: 1, message: nothing is known}]\n")},
		{"an object of the inventory that names no namespace is in none", test("placeless.yaml", "bad.yaml", "    inventory: [strict.yaml, nowhere.yaml]\n    assertions: [{violations: 2}, {violations: 1, message: ^web is in no namespace$}]\n")},
		{"an object that names no namespace is in none", test("scoped.yaml", "nowhere.yaml", "    assertions: [{violations: no}]\n")},
		{"a deletion judges the old object", test("defaults.yaml", "deletion.yaml", "    assertions: [{violations: 1, message: ^web has no label team$}]\n")},
		{"objects of the inventory, and a builtin that fails", test("twins.yaml", "bad.yaml", "    inventory: [other.yaml, strict.yaml]\n    assertions: [{violations: 1, message: ^twin$}]\n")},
		{"no inventory", test("twins.yaml", "bad.yaml", "    assertions: [{violations: no}]\n")},
		{"an invalid constraint", "tests: [{name: one, template: template.yaml, constraint: invalid.yaml, invalid: true}]\n"},
	} {
		t.Run(each.name, func(t *testing.T) {
			result := run(t, each.suite, "")
			if result.Failed() {
				t.Errorf("failed: %v, %v", result.Err, result.Tests)
			}
		})
	}
}

func TestCasesFail(t *testing.T) {
	for _, each := range []struct{ name, suite, want string }{
		{"something is found", test("constraint.yaml", "bad.yaml", "    assertions: [{violations: no}]\n"), "2 violations, want none; all there are:\n- web has no label owner\n- web has no label team"},
		{"nothing is found", test("constraint.yaml", "good.yaml", "    assertions: [{}]\n"), "0 violations, want at least 1; there are none at all"},
		{"another number", test("constraint.yaml", "bad.yaml", "    assertions: [{violations: 1, message: label}]\n"), "2 violations with \"label\" in the message, want exactly 1; all"},
		{"the second assertion", test("constraint.yaml", "bad.yaml", "    assertions: [{}, {message: colour}]\n"), "0 violations with \"colour\" in the message, want at least 1"},
		{"a bad expression", test("constraint.yaml", "bad.yaml", "    assertions: [{message: \"(\"}]\n"), "assertion: message: error parsing regexp"},
		{"no assertions", test("constraint.yaml", "bad.yaml", ""), "there are no assertions"},
		{"no object", test("constraint.yaml", `""`, "    assertions: [{}]\n"), "object is missing"},
		{"an object that is not there", test("constraint.yaml", "none.yaml", "    assertions: [{}]\n"), "none.yaml: no such file or directory"},
		{"several objects", test("constraint.yaml", "both.yaml", "    assertions: [{}]\n"), "both.yaml: there are 2 objects in it"},
		{"an inventory that is not there", test("constraint.yaml", "bad.yaml", "    inventory: [none.yaml]\n    assertions: [{}]\n"), "inventory: "},
		{"a review without objects", test("constraint.yaml", "empty.yaml", "    assertions: [{}]\n"), "AdmissionReview: request: there is neither object nor oldObject to judge"},
		{"a deletion without old object", test("constraint.yaml", "halfway.yaml", "    assertions: [{}]\n"), "AdmissionReview: request: oldObject is missing, which a DELETE judges"},
		{"a review with a misspelt field", test("constraint.yaml", "misspelt.yaml", "    assertions: [{}]\n"), "AdmissionReview: request.operations: there is no such field"},
		{"a review without request", test("constraint.yaml", "requested.yaml", "    assertions: [{}]\n"), "AdmissionReview: request is missing"},
		{"an object of a review that does not say what it is", test("constraint.yaml", "kindless.yaml", "    assertions: [{}]\n"), "AdmissionReview: request.object: kind is missing"},
	} {
		t.Run(each.name, func(t *testing.T) {
			result := run(t, each.suite, "")
			if len(result.Tests) != 1 || len(result.Tests[0].Cases) != 1 || !result.Failed() {
				t.Fatalf("ran %v, error %v", result.Tests, result.Err)
			}
			if err := result.Tests[0].Cases[0].Err; err == nil || !strings.Contains(err.Error(), each.want) {
				t.Errorf("got  %v\nwant %s", err, each.want)
			}
		})
	}
}

func TestTestsFailThatCannotRun(t *testing.T) {
	for _, each := range []struct{ name, test, want string }{
		{"no template", "{name: one, constraint: constraint.yaml}", "template is missing"},
		{"no constraint", "{name: one, template: template.yaml}", "constraint is missing"},
		{"a template that is none", "{name: one, template: good.yaml, constraint: constraint.yaml}", "Pod is no ConstraintTemplate"},
		{"a constraint of another template", "{name: one, template: template.yaml, constraint: twins.yaml}", "NoTwins.constraints.gatekeeper.sh is no constraint of the template, whose kind is WantedLabels"},
		{"an invalid constraint", "{name: one, template: template.yaml, constraint: invalid.yaml}", "spec.parameters.labels: must be of type array"},
		{"a constraint with fields that nobody knows", "{name: one, template: template.yaml, constraint: stray.yaml}", "spec.match.kinds[0].versions: there is no such field"},
		{"fields that nobody knows, where the constraint should not fit", "{name: one, template: template.yaml, constraint: stray.yaml, invalid: true}", "spec.match.kinds[0].versions: there is no such field"},
		{"a valid constraint that should be none", "{name: one, template: template.yaml, constraint: constraint.yaml, invalid: true}", "the constraint fits its template"},
	} {
		t.Run(each.name, func(t *testing.T) {
			result := run(t, "tests: ["+each.test+"]\n", "")
			if len(result.Tests) != 1 || result.Tests[0].Err == nil || !strings.Contains(result.Tests[0].Err.Error(), each.want) {
				t.Errorf("got %+v, want %s", result.Tests, each.want)
			}
		})
	}
}

func TestBrokenSuitesAreNamedAndTheOthersRun(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a", "suite.yaml"), suiteHeader+"tests: 7\n")
	write(t, filepath.Join(dir, "b", "suite.yaml"), suiteHeader+"tests: [{name: one, cases: [{assertions: [{violations: maybe}]}]}]\n")
	write(t, filepath.Join(dir, "c", "suite.yaml"), suiteHeader+"tests:\n\t- x\n")
	write(t, filepath.Join(dir, "d", "suite.yml"), suiteHeader+"skip: true\ntests: [{name: one}]\n")
	elsewhere := t.TempDir()
	write(t, filepath.Join(elsewhere, "other.yaml"), "kind: Pod\napiVersion: v1\n")
	results, err := gator.Run(context.Background(), gator.Options{Names: []string{dir, filepath.Join(dir, "d", "suite.yml"), filepath.Join(elsewhere, "other.yaml"), filepath.Join(dir, "none")}})
	if err != nil {
		t.Fatal(err)
	}
	wants := []string{"tests: ", `tests.0.cases.0.assertions.0.violations: "maybe" is no number of violations; use yes, no or a number from 0`, "line 4: invalid YAML", "", "there is no suite in it", "no such file or directory"}
	if len(results) != len(wants) {
		t.Fatalf("%d results, want %d: %v", len(results), len(wants), resultsText(results))
	}
	for i, want := range wants {
		if got := results[i].Err; (got == nil) != (want == "") || got != nil && !strings.Contains(got.Error(), want) {
			t.Errorf("%s: got %v, want %s", results[i].File, got, want)
		}
	}
	if !results[3].Skipped || results[3].Failed() {
		t.Error("a suite that is to be skipped was not")
	}
	results, err = gator.Run(context.Background(), gator.Options{Names: []string{elsewhere}})
	if err != nil || len(results) != 1 || !results[0].Failed() {
		t.Errorf("a directory without suites passes: %v, error %v", results, err)
	}
}

const threeCases = `tests:
- name: wanted
  template: template.yaml
  constraint: constraint.yaml
  cases:
  - {name: good, object: good.yaml, assertions: [{violations: no}]}
  - {name: bad, object: bad.yaml, assertions: [{violations: yes}]}
- name: good-defaults
  template: template.yaml
  constraint: defaults.yaml
  cases:
  - {name: bad, object: bad.yaml, assertions: [{violations: yes}]}
  - {name: left-out, skip: true}
- name: expanded
  template: template.yaml
  constraint: defaults.yaml
  expansion: expansion.yaml
  cases:
  - {name: bad, object: bad.yaml, assertions: [{violations: yes}]}
- name: skipped
  skip: true
`

func TestFiltersChooseTestsAndCases(t *testing.T) {
	for filter, want := range map[string]gator.Tally{
		"":               {Passed: 4, Skipped: 1},
		"good":           {Passed: 2, Skipped: 2},
		"^wanted$//":     {Passed: 2},
		"//bad":          {Passed: 3, Skipped: 2},
		"wanted//^good$": {Passed: 1, Skipped: 1},
		"nothing":        {},
	} {
		_, _, cases := gator.Sum([]*gator.SuiteResult{run(t, threeCases, filter)})
		if cases != want {
			t.Errorf("%q: %+v, want %+v", filter, cases, want)
		}
	}
	for _, bad := range []string{"a//b//c", "(", "a//("} {
		if _, err := gator.ParseFilter(bad); err == nil {
			t.Errorf("%q is taken for a filter", bad)
		}
	}
}

// expanded returns a test of a constraint on a deployment that is expanded.
func expanded(constraint, expansion, assertions string) string {
	return test(constraint, "deployment.yaml", "    assertions: "+assertions+"\n  expansion: "+expansion+"\n")
}

func TestWhatWillBeMadeOfAnObjectIsJudgedToo(t *testing.T) {
	for _, each := range []struct{ name, suite string }{
		{"a pod of a deployment", expanded("constraint.yaml", "expansion.yaml", `[{violations: 1, message: "^\\[Implied by deployments\\] web-pod has no label team$"}]`)},
		{"both", expanded("defaults.yaml", "expansion.yaml", "[{violations: 1}]")},
		{"two expansions of one name, of which the last counts", expanded("generated.yaml", "twofold.yaml", "[{violations: 1}]")},
		{"what is made, alone", expanded("generated.yaml", "expansion.yaml", "[{violations: 1, message: Implied by}]")},
		{"what is there, alone", expanded("original.yaml", "expansion.yaml", "[{violations: no}]")},
	} {
		t.Run(each.name, func(t *testing.T) {
			if result := run(t, each.suite, ""); result.Failed() {
				t.Errorf("failed: %v, %v", result.Err, result.Tests)
			}
		})
	}
}

func TestExpansionsThatCannotBeUsedAreNamed(t *testing.T) {
	for _, each := range []struct{ name, suite, want string }{
		{"a source that is not there", expanded("constraint.yaml", "astray.yaml", "[{}]"), "expansion astray of Deployment shop/web: spec.templateSource: the object has no field spec.elsewhere"},
		{"a file that is none", expanded("constraint.yaml", "good.yaml", "[{}]"), "Pod is no ExpansionTemplate"},
		{"no kind", expanded("constraint.yaml", "kindless-expansion.yaml", "[{}]"), "spec.generatedGVK: write version and kind of what is made"},
		{"no file", expanded("constraint.yaml", "none.yaml", "[{}]"), "no such file or directory"},
		{"what is made is expanded again", expanded("constraint.yaml", "endless.yaml", "[{}]"), "endless.yaml: spec.applyTo: it expands Deployment, which it makes itself"},
		{"no source", expanded("constraint.yaml", "sourceless.yaml", "[{violations: no}]"), "sourceless.yaml: spec.templateSource is missing"},
		{"nothing to expand", expanded("constraint.yaml", "idle.yaml", "[{violations: no}]"), "idle.yaml: spec.applyTo is missing"},
		{"no name", expanded("constraint.yaml", "nameless.yaml", "[{}]"), `nameless.yaml: metadata.name: "" cannot name an expansion`},
	} {
		t.Run(each.name, func(t *testing.T) {
			result := run(t, each.suite, "")
			err := result.Tests[0].Err
			if err == nil && len(result.Tests[0].Cases) == 1 {
				err = result.Tests[0].Cases[0].Err
			}
			if err == nil || !strings.Contains(err.Error(), each.want) {
				t.Errorf("got %v, want %s", err, each.want)
			}
		})
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := gator.Run(ctx, gator.Options{Names: []string{t.TempDir()}}); err == nil {
		t.Error("it goes on")
	}
}

func FuzzSuite(f *testing.F) {
	f.Add(suiteHeader + threeCases)
	f.Add(suiteHeader + test("constraint.yaml", "deletion.yaml", "    assertions: [{violations: 1, message: (}]\n"))
	dir := f.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "/") && !strings.HasPrefix(text, suiteHeader) {
			return // it could lead out of the directory
		}
		name := filepath.Join(dir, "suite.yaml")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		results, err := gator.Run(context.Background(), gator.Options{Names: []string{name}})
		if err != nil || len(results) == 0 {
			t.Errorf("%d results, error %v", len(results), err)
		}
	})
}

func resultsText(results []*gator.SuiteResult) (text string) {
	for _, result := range results {
		text += result.File + ": " + fmt.Sprint(result.Err) + "\n"
	}
	return text
}
