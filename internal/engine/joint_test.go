package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/rule"
)

const jointHelpers = `
pod_spec := object.get(input.review.object.spec, ["template", "spec"], input.review.object.spec)
containers[container] { container := pod_spec.containers[_] }
containers[container] { container := pod_spec.initContainers[_] }
`

const jointHelpersV1 = `
pod_spec := object.get(input.review.object.spec, ["template", "spec"], input.review.object.spec)
containers contains container if some container in pod_spec.containers
containers contains container if some container in pod_spec.initContainers
`

// jointness is whether a template can be evaluated together with others.
type jointness string

const (
	together jointness = "together"
	failing  jointness = "together, and some objects make it fail"
	alone    jointness = "alone"
)

// jointPolicies are templates that read their parameters in many ways.
var jointPolicies = []struct {
	name, rego string
	joint      jointness
}{
	{"Field", `violation[{"msg": msg}] { container := containers[_]; startswith(container.image, input.parameters.prefix); msg := container.name }`, together},
	{"Elements", `violation[{"msg": msg}] { container := containers[_]; prefix := input.parameters.names[i]; startswith(container.image, prefix); msg := sprintf("%v %v", [container.name, i]) }`, together},
	{"Missing", `violation[{"msg": msg}] { container := containers[_]; not container[input.parameters.prefix]; msg := container.name }`, together},
	{"Negated", `violation[{"msg": msg}] { not input.parameters.flag; msg := "off" }`, together},
	{"NegatedCall", `violation[{"msg": msg}] { not good(input.parameters.prefix); msg := "x" }
good(prefix) { prefix == "name" }`, together},
	{"NegatedBuiltin", `violation[{"msg": msg}] { not startswith("n", input.parameters.prefix); msg := "x" }`, together},
	{"NegatedEquality", `violation[{"msg": msg}] { not input.parameters.prefix == "name"; msg := "x" }`, together},
	{"NegatedIndex", `violation[{"msg": msg}] { not input.parameters.names[input.review.object.spec.missing]; msg := "x" }`, together},
	{"NegatedIndexByName", `violation[{"msg": msg}] { name := containers[_].name; not input.parameters.names[name]; msg := name }`, together},
	{"NegatedNever", `violation[{"msg": msg}] { not listed(input.review.object.spec.missing); msg := "missing" }
violation[{"msg": msg}] { not listed(input.review.object.kind); msg := "kind" }
violation[{"msg": msg}] { not listed(upper(input.review.object.spec.missing)); msg := "upper" }
listed(word) { input.parameters.names[_] == word }`, together},
	{"NegatedNothing", `violation[{"msg": msg}] { not absent; msg := "absent" }
absent { input.parameters.names[_] == "nobody" }`, together},
	{"Every", `violation[{"msg": msg}] { count([c | c := containers[_]; not fine(c)]) == 0; msg := "all" }
fine(c) { input.parameters.names[i] == c.image; i >= 0 }`, together},
	{"Optional", `violation[{"msg": msg}] { names := object.get(input.parameters, "names", []); count(names) == 0; msg := "none" }`, together},
	{"Whole", `violation[{"msg": msg}] { p := object.get(input, "parameters", {}); msg := sprintf("%v", [p]) }`, together},
	{"Path", `violation[{"msg": msg}] { msg := object.get(input, ["parameters", "nested", "word"], "no word") }`, together},
	{"ElementsOfGet", `violation[{"msg": msg}] { msg := object.get(input.parameters, "names", [])[_] }`, together},
	{"NestedGet", `violation[{"msg": msg}] { container := containers[_]; not exempt(container); msg := container.image }
exempt(container) { images := object.get(object.get(input, "parameters", {}), "names", []); image := images[_]; startswith(container.image, image) }`, together},
	{"Passed", `violation[{"msg": msg}] { names := named(input, "x"); msg := sprintf("%v", [names]) }
named(arg, _) = out { not arg.parameters.names; out = ["nobody"] }
named(arg, _) = out { out = arg.parameters.names }`, together},
	{"PassedOn", `violation[{"msg": msg}] { msg := outer(input) }
outer(a) = inner(a, a.review.kind.kind)
inner(b, kind) = sprintf("%v %v", [kind, object.get(b, ["parameters", "prefix"], "none")])`, together},
	{"Constants", `violation[{"msg": msg}] { container := containers[_]; msg := policy(container.imagePullPolicy, "x") }
policy("Always", x) = out { out := x }
policy("Never", _) = "never"
policy(other, _) = out { other != "Always"; other != "Never"; out := other }`, together},
	{"Predicate", `violation[{"msg": msg}] { container := containers[_]; good(container, "a"); not good(container, "b"); answer := good(container, "c"); msg := sprintf("%v %v", [container.name, answer]) }
good(container, "a") { container.image }
good(container, "b") { container.image == input.parameters.prefix }
good(container, "c") { container.name }`, together},
	{"FalseValue", `violation[{"msg": msg}] { container := containers[_]; not wanted(container); msg := container.name }
wanted(container) = answer { answer := container.image == input.parameters.prefix }`, together},
	{"Else", `violation[{"msg": msg}] { msg := word }
word = w { w := input.parameters.prefix } else = "otherwise" { input.parameters.flag } else = "last"`, together},
	{"Default", `violation[{"msg": msg}] { not allowed; msg := "not allowed" }
default allowed = false
allowed { input.parameters.flag }`, together},
	{"Empty", `violation[{"msg": msg}] { count(unwanted) == 0; msg := "nothing" }
unwanted[name] { name := input.parameters.names[_]; name == containers[_].name }`, together},
	{"ByName", `violation[{"msg": msg}] { by_name[name].image; msg := name }
by_name[container.name] = container { container := containers[_] }`, together},
	{"Shadowed", `violation[{"msg": msg}] { names := ["a"]; others := [names | names := containers[_].name]; msg := sprintf("%v %v", [names, others]) }`, together},
	{"ConstantSet", `violation[{"msg": msg}] { kinds := {"Always", "Never"}; container := containers[_]; kinds[container.imagePullPolicy]; kinds["Never"]; msg := container.name }`, together},
	{"Comprehension", `violation[{"msg": msg}] { names := {n | n := input.parameters.names[_]} - {n | n := containers[_].name}; msg := sprintf("%v", [names]) }`, together},
	{"Scalar", `violation[{"msg": msg}] { input.parameters.prefix.below; msg := "never" }`, together},
	{"Arithmetic", `violation[{"msg": msg}] { count(containers) < input.parameters.limit; msg := "few" }`, together},
	{"Conflict", `violation[{"msg": msg}] { word := conflicting; msg := word }
conflicting = name { name := containers[_].name }`, failing},
	{"Undefined", `violation[{"msg": msg}] { to_number(containers[_].name) > 0; msg := "number" }`, failing},
	{"With", `violation[{"msg": msg}] { msg := name with input.review as {"name": "other"} }
name = input.review.name`, alone},
	{"WholeInput", `violation[{"msg": msg}] { x := input; x.review; msg := "review" }`, alone},
	{"AnyField", `violation[{"msg": msg}] { field := "parameters"; input[field]; msg := "some" }`, alone},
}

// jointPoliciesV1 are such templates in Rego v1, all of which are judged together with
// others.
var jointPoliciesV1 = map[string]string{
	"SomeIn": `violation contains {"msg": msg} if { some container in containers; some i, name in input.parameters.names; startswith(container.image, name); msg := sprintf("%v %v", [container.name, i]) }`,
	"NotIn":  `violation contains {"msg": container.name} if { some container in containers; not container.name in input.parameters.names }`,
	"EveryIn": `violation contains {"msg": "all"} if { every container in containers { container.name in object.get(input.parameters, "names", []) } }
violation contains {"msg": "each"} if { every name in input.parameters.names { count(name) > 3 } }`,
	"DefaultFunction": `violation contains {"msg": word(container)} if some container in containers
default word(_) := "unknown"
word(container) := input.parameters.prefix if container.name == "web"`,
	"DeepHead": `violation contains {"msg": msg} if msg := by.kind[input.review.kind.kind].name
by.kind["Pod"].name := input.parameters.prefix
by.kind["Deployment"].name := "deployment"`,
	"ObjectComprehension": `violation contains {"msg": json.marshal(images)} if { images := {name: c.image | some c in containers; name := c.name; name in input.parameters.names} }`,
	"SetOfObjects":        `violation contains {"msg": msg} if { some {"name": name, "image": image} in containers; image == input.parameters.prefix; msg := name }`,
}

// jointParameters are given to each of them, in a constraint each.
var jointParameters = []string{
	"{}", `{names: []}`, `{names: [registry.example.com/, nginx], prefix: registry, limit: 3}`, `{names: [nginx], flag: true, limit: 1}`,
	`{flag: false, prefix: name, nested: {word: w}}`, `{names: {a: nginx}, limit: "x"}`, `{names: text, flag: text, nested: [1]}`,
}

// jointConstraints returns a constraint of a kind for each set of parameters.
func jointConstraints(kind string, all []string) string {
	var text strings.Builder
	for i, parameters := range all {
		_, _ = fmt.Fprintf(&text, `---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: %s
metadata: {name: c%d}
spec:
  match: {excludedNamespaces: [nowhere]}
  parameters: %s
`, kind, i, parameters)
	}
	return text.String()
}

// jointTemplate returns a template of a kind in a version of Rego.
func jointTemplate(kind, version, rego string) string {
	return fmt.Sprintf(`apiVersion: templates.gatekeeper.sh/v1beta1
kind: ConstraintTemplate
metadata: {name: %s}
spec:
  crd: {spec: {names: {kind: %s}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    code:
    - engine: Rego
      source:
        version: %s
        rego: |
          package policy
          %s
`, strings.ToLower(kind), kind, version, strings.ReplaceAll(rego, "\n", "\n          "))
}

// jointSet returns the policies of some kind with all their constraints.
func jointSet(t *testing.T, kinds ...jointness) *rule.Set {
	t.Helper()
	files := make(map[string]string)
	add := func(name, version, rego string) {
		files[name+".yaml"] = jointTemplate(name, version, rego) + jointConstraints(name, jointParameters)
	}
	for _, policy := range jointPolicies {
		if slices.Contains(kinds, policy.joint) {
			add(policy.name, "v0", policy.rego+jointHelpers)
		}
	}
	for name, rego := range jointPoliciesV1 {
		if slices.Contains(kinds, together) {
			add(name, "v1", rego+jointHelpersV1)
		}
	}
	return load(t, files)
}

func TestConstraintsFindTheSameTogetherAsByThemselves(t *testing.T) {
	fixtures := enginetest.Fixtures(t, "../../policies")
	for _, test := range []struct {
		name string
		set  *rule.Set
	}{
		{"ways to read parameters", jointSet(t, together)},
		{"some of them fail", jointSet(t, failing, alone)},
		{"usual templates", gatekeeperSet(t)},
	} {
		t.Run(test.name, func(t *testing.T) {
			options := engine.Options{CacheSize: -1, Deadline: time.Minute, Budget: time.Minute} // on a busy machine, too
			apart := newEngine(t, test.set, options)
			joint := newEngine(t, test.set, options)
			apart.Apart()
			found := 0
			for i := 0; i < len(fixtures); i += 5 {
				for _, res := range fixtures[i].Resources() {
					want := said(t, apart, res)
					if diff := cmp.Diff(want, said(t, joint, res)); diff != "" {
						t.Fatalf("%s: %s %s (-apart +together):\n%s", fixtures[i].File, res.Kind, res.Name, diff)
					}
					found += len(want)
				}
			}
			if found < 100 {
				t.Errorf("only %d findings", found)
			}
		})
	}
}

func TestAConstraintStandsAloneWhoseParametersAreOfNoUse(t *testing.T) {
	set := jointSet(t, together)
	for _, r := range set.Rules() {
		if r.ID == "gatekeeper/Field/c2" { // startswith(container.image, 5) is refused by the compiler
			r.Arguments = ast.ObjectTerm(ast.Item(ast.StringTerm("prefix"), ast.InternedTerm(5)))
		}
	}
	joint := newEngine(t, set, engine.Options{}).Copied()
	if slices.Contains(joint, "gatekeeper/Field/c2") || !slices.Contains(joint, "gatekeeper/Field/c3") {
		t.Errorf("judged together: %s", joint)
	}
}

func TestConstraintsAreJudgedTogetherWherePossible(t *testing.T) {
	joint := newEngine(t, jointSet(t, together, failing, alone), engine.Options{}).Copied()
	for _, policy := range jointPolicies {
		for i, parameters := range jointParameters {
			id := fmt.Sprintf("gatekeeper/%s/c%d", policy.name, i)
			if slices.Contains(joint, id) == (policy.joint == alone) {
				t.Errorf("%s with %s: judged together: %t; want it %s", policy.name, parameters, policy.joint == alone, policy.joint)
			}
		}
	}
	for name := range jointPoliciesV1 {
		for i := range jointParameters[:len(jointParameters)-1] { // the compiler refuses a word where a list is wanted
			if id := fmt.Sprintf("gatekeeper/%s/c%d", name, i); !slices.Contains(joint, id) {
				t.Errorf("%s stands alone", id)
			}
		}
	}
}
