package ruletest_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kubereeve/reeve/internal/ruletest"
)

// registries are a rule of Kubescape's with its control inputs and two tests.
func registries() map[string]string {
	return map[string]string{
		"default-config-inputs.json": `{"settings": {"postureControlInputs": {"trusted": ["registry.example/"]}}}`,
		"rules/registry/raw.rego": `package armo_builtins

deny[msga] {
	pod := input[_]
	pod.kind == "Pod"
	container := pod.spec.containers[i]
	not trusted(container.image)
	msga := {
		"alertMessage": sprintf("nobody knows %s", [container.image]),
		"failedPaths": [sprintf("spec.containers[%d].image", [i])],
		"alertObject": {"k8sApiObjects": [pod]},
	}
}

trusted(image) { startswith(image, data.postureControlInputs.trusted[_]) }
`,
		"rules/registry/rule.metadata.json": `{"name": "registry", "match": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["Pod"]}]}`,

		"rules/registry/test/known/input/pod.yaml":   podOf("registry.example/web"),
		"rules/registry/test/known/expected.json":    "[]",
		"rules/registry/test/unknown/input/pod.yaml": podOf("web"),
		"rules/registry/test/unknown/expected.json":  "[" + about("Pod", "web", "0") + "]",
	}
}

func podOf(image string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {app: web}}\nspec:\n  containers:\n  - {name: web, image: " + image + "}\n"
}

// about returns a response about an image of an object.
func about(kind, name, container string) string {
	return `{"alertMessage": "another text", "failedPaths": ["spec.containers[` + container + `].image"], "fixPaths": [], "ruleStatus": "", "alertScore": 2,
 "alertObject": {"k8sApiObjects": [{"apiVersion": "v1", "kind": "` + kind + `", "metadata": {"name": "` + name + `", "labels": {"app": "web"}}}]}}`
}

func TestTestsOfKubescapesAreFixtures(t *testing.T) {
	const file = "rules/registry/test/unknown/expected.json"
	known, unknown := "passed kubescape/registry/known", "passed kubescape/registry/unknown"
	const noneFinds = "warning rules/registry/raw.rego: there is no fixture in which the rule finds something; write test/<case>/expected.json and objects in test/<case>/input beside it"
	for _, test := range []struct {
		name  string
		files map[string]string // beside the rule; an empty text removes a file
		want  []string
	}{
		{"nothing is wrong", nil, []string{known, unknown}},
		{"one response without a list", map[string]string{file: about("Pod", "web", "0")}, []string{known, unknown}},
		{"nothing is expected", map[string]string{file: "null"}, []string{noneFinds, known,
			"failed " + file + ": kubescape/registry finds what is not expected of Pod web\nspec.containers[0].image: container \"web\": nobody knows web"}},
		{"another field is expected", map[string]string{file: "[" + about("Pod", "web", "1") + "]"}, []string{known,
			"failed " + file + ": kubescape/registry does not find what is expected of Pod web\nspec.containers[1].image: another text",
			"failed " + file + ": kubescape/registry finds what is not expected of Pod web\nspec.containers[0].image: container \"web\": nobody knows web"}},
		{"it is expected twice", map[string]string{file: "[" + about("Pod", "web", "0") + ", " + about("Pod", "web", "0") + "]"}, []string{known,
			"failed " + file + ": kubescape/registry does not find what is expected of Pod web\nspec.containers[0].image: another text"}},
		{"another object is expected", map[string]string{file: "[" + about("Pod", "web", "0") + ", " + about("Pod", "db", "0") + "]"}, []string{known,
			"failed " + file + ": response 2 is about none of the objects in input: another text"}},
		{"two objects of one name", map[string]string{
			"rules/registry/test/unknown/input/other.json": `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [{"name": "a", "image": "registry.example/a"}, {"name": "b", "image": "b"}]}}`,
			file: "[" + about("Pod", "web", "1") + ", " + about("Pod", "web", "0") + "]"}, []string{known, unknown}},
		{"an object that the rule never judges", map[string]string{
			"rules/registry/test/unknown/input/node.yaml": "apiVersion: v1\nkind: Node\nmetadata: {name: worker}\n",
			file: "[" + about("Pod", "web", "0") + ", " + about("Node", "worker", "0") + "]"}, []string{known,
			"failed " + file + ": kubescape/registry does not find what is expected of Node worker, as it does not judge apiVersion v1 of this kind\nspec.containers[0].image: another text"}},
		{"control inputs of the test", map[string]string{"rules/registry/test/unknown/data.json": `{"postureControlInputs": {"trusted": ["w"]}}`, file: "[]"}, []string{noneFinds, known, unknown}},
		{"control inputs of another name", map[string]string{"rules/registry/test/unknown/data.json": `{"postureControlInputs": {"distrusted": ["w"]}}`}, []string{known, unknown}},
		{"control inputs that are no JSON", map[string]string{"rules/registry/test/unknown/data.json": "["}, []string{known,
			"failed rules/registry/test/unknown/data.json: these are no control inputs, as {\"postureControlInputs\": {\"name\": [\"value\"]}}"}},
		{"what is expected is no JSON", map[string]string{file: "{]"}, []string{noneFinds, known,
			"failed " + file + ": jsontext: invalid character ']' at start of value after offset 1"}},
		{"what is expected is no response", map[string]string{file: `[1]`}, []string{noneFinds, known,
			"failed " + file + `: element 1 is no response; write {"alertMessage": "...", "failedPaths": [], "alertObject": {"k8sApiObjects": [{...}]}}`}},
		{"a response without a message", map[string]string{file: `[{"alertObject": {"k8sApiObjects": [{"kind": "Pod", "metadata": {"name": "web"}}]}}]`}, []string{known,
			"failed " + file + ": response 1: a response has no alertMessage, or it is not a string",
			"failed " + file + ": kubescape/registry finds what is not expected of Pod web\nspec.containers[0].image: container \"web\": nobody knows web",
			"failed " + file + ": response 1 is about none of the objects in input: "}},
		{"there is nothing to judge", map[string]string{"rules/registry/test/unknown/input/pod.yaml": ""}, []string{known,
			"failed rules/registry/test/unknown/input: no such file or directory"}},
		{"there are no tests", map[string]string{file: "", "rules/registry/test/known/expected.json": ""}, []string{
			noneFinds,
			"warning rules/registry/raw.rego: there is no fixture in which the rule finds nothing; write test/<case>/expected.json and objects in test/<case>/input beside it"}},
		{"the rule is broken", map[string]string{"rules/registry/raw.rego": "package armo_builtins\ndeny[msga] { x }\n"}, []string{
			"error rules/registry/raw.rego:2: rego_unsafe_var_error: var msga is unsafe"}},
		{"the rule is passed over", map[string]string{"rules/registry/rule.metadata.json": `{"name": "registry", "ruleLanguage": "CEL"}`}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := registries()
			maps.Copy(files, test.files)
			maps.DeleteFunc(files, func(_, text string) bool { return text == "" })
			dir := directory(t, files)
			report, err := ruletest.Run(t.Context(), ruletest.Options{Dirs: []string{dir}})
			if err != nil {
				t.Fatal(err)
			}
			got := lines(report, dir)
			for i, line := range got { // the words of the JSON library vary
				if before, _, found := strings.Cut(line, ": json: "); found {
					got[i] = before
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Rules that people have of other tools are not as tidy as ours.
func TestRulesOfOtherToolsAreTestedWhateverTheyAreLike(t *testing.T) {
	const reads = "deny[msg] { input.request.kind.kind == \"Pod\"; msg := \"x\" }\n"
	for _, test := range []struct {
		name  string
		files map[string]string
		wrong []string // apart from warnings
	}{
		{"the same is wrong wherever files are loaded", map[string]string{
			"main.rego":  "package admission.mutating\nmain = {\"response\": response}\nresponse = {\"allowed\": false, \"uid\": uid, \"x\": input.request.uid}\n",
			"patch.rego": "package admission.mutating\npatch[p] { missing; p := input.request.object }\n",
		}, []string{
			"error main.rego:3: rego_unsafe_var_error: var uid is unsafe",
			"error patch.rego:2: rego_unsafe_var_error: var missing is unsafe",
		}},
		{"a rule that is a library of another dialect's", map[string]string{
			"lib.rego":    "package kubernetes\nis_pod { input.kind == \"Pod\" }\n",
			"review.rego": "package kubernetes.admission\n" + reads + "test_finds { count(deny) == 0 with input as {} }\n",
			"other.rego":  "package kubernetes.other\ndeny[msg] { input.kind == \"NetworkPolicy\"; msg := \"x\" }\n",
		}, nil},
		{"a function that is named like a test", map[string]string{
			"rule.rego": "package main\ndeny[msg] { test_kind(input); msg := \"x\" }\ntest_kind(object) { object.kind == \"Pod\" }\n",
		}, nil},
		{"data without Rego", map[string]string{
			"a/raw.rego":                 "package armo_builtins\ndeny[msga] { x := input[_]; msga := {\"alertMessage\": x.kind, \"alertObject\": {\"k8sApiObjects\": [x]}} }\n",
			"default-config-inputs.json": `{"settings": {"postureControlInputs": {"x": ["y"]}}}`,
			"a/raw_test.rego":            "package armo_builtins\ntest_finds { count(deny) == 1 with input as [{\"kind\": \"Pod\"}] }\n",
		}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := directory(t, test.files)
			report, err := ruletest.Run(t.Context(), ruletest.Options{Dirs: []string{dir}})
			if err != nil {
				t.Fatal(err)
			}
			got := slices.DeleteFunc(lines(report, dir), func(line string) bool {
				return strings.HasPrefix(line, "warning") || strings.HasPrefix(line, "passed")
			})
			if diff := cmp.Diff(test.wrong, got, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
			other := directory(t, map[string]string{"x.rego": "package main\n" + reads})
			if _, err := ruletest.Run(t.Context(), ruletest.Options{Dirs: []string{other}, Libraries: []string{dir}}); err != nil {
				t.Errorf("as libraries: %v", err)
			}
		})
	}
}
