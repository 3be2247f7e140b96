package engine_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// gatekeeperTemplate returns a template of the kind Example.
func gatekeeperTemplate(body string) string {
	return "apiVersion: templates.gatekeeper.sh/v1beta1\nkind: ConstraintTemplate\nmetadata: {name: example}\nspec:\n  crd: {spec: {names: {kind: Example}}}\n  targets:\n  - target: admission.k8s.gatekeeper.sh\n    rego: |\n      package example\n      " +
		strings.ReplaceAll(strings.TrimSpace(body), "\n", "\n      ") + "\n"
}

// constraint returns a constraint of the kind Example with the given fields of
// spec.
func constraint(name, spec string) string {
	return "---\napiVersion: constraints.gatekeeper.sh/v1beta1\nkind: Example\nmetadata: {name: " + name + "}\nspec: {" + spec + "}\n"
}

// gatekeeperEngine returns an engine of templates and constraints.
func gatekeeperEngine(t *testing.T, options engine.Options, texts ...string) *engine.Engine {
	t.Helper()
	set, problems := source.Load(dialect.All(), source.Source{FS: fstest.MapFS{"a.yaml": {Data: []byte(strings.Join(texts, ""))}}, Name: "rules"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	e, problems, err := engine.New(set, options)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return e
}

// said returns what rules say of a resource, as RULE: MESSAGE.
func said(t *testing.T, e *engine.Engine, res *resource.Resource) []string {
	t.Helper()
	scope := engine.Admission
	if res.Operation == resource.Scan {
		scope = engine.Scan
	}
	matches, failures, err := e.Evaluate(context.Background(), res, scope)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, match := range matches {
		texts = append(texts, match.Rule.ID+": "+match.Message)
	}
	for _, failure := range failures {
		texts = append(texts, failure.Error())
	}
	slices.Sort(texts)
	return texts
}

const smallPod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"shop","labels":{"team":"a"}}}`

// admitted returns the resource of a request about the small pod.
func admitted(t *testing.T, change func(*admissionv1.AdmissionRequest)) *resource.Resource {
	t.Helper()
	request := &admissionv1.AdmissionRequest{UID: "u", Name: "web", Namespace: "shop", Operation: admissionv1.Create}
	request.Kind.Version, request.Kind.Kind = "v1", "Pod"
	request.Object.Raw = []byte(smallPod)
	request.UserInfo.Username, request.UserInfo.Groups = "jane", []string{"dev"}
	change(request)
	res, err := resource.FromAdmission(request)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// scanned returns a small pod as a scan finds it.
func scanned(t *testing.T) *resource.Resource {
	t.Helper()
	res, err := resource.FromObject([]byte(smallPod), schema.GroupVersionKind{})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestTemplatesSeeTheReviewThatGatekeeperMakes(t *testing.T) {
	e := gatekeeperEngine(t, engine.Options{}, gatekeeperTemplate(`violation[{"msg": json.marshal(input)}] { true }`), constraint("seen", `parameters: {names: [a], nested: {deep: 1.5}}`))
	pod := json.RawMessage(smallPod)
	always := map[string]any{
		"uid": "u", "kind": map[string]any{"group": "", "version": "v1", "kind": "Pod"}, "name": "web", "namespace": "shop",
		"resource": map[string]any{"group": "", "version": "", "resource": ""},
		"userInfo": map[string]any{"username": "jane", "groups": []any{"dev"}},
		"object":   pod, "oldObject": nil, "options": nil, "namespaceObject": map[string]any{},
	}
	with := func(pairs ...any) map[string]any {
		all := make(map[string]any)
		for name, value := range always {
			all[name] = value
		}
		for i := 0; i < len(pairs); i += 2 {
			all[pairs[i].(string)] = pairs[i+1]
		}
		return all
	}
	yes := true
	inNamespace := admitted(t, func(*admissionv1.AdmissionRequest) {})
	inNamespace.Namespace = &resource.Namespace{Name: "shop", Labels: map[string]string{"a": "b"}}
	for _, test := range []struct {
		name string
		res  *resource.Resource
		want map[string]any
	}{
		{"a creation", admitted(t, func(*admissionv1.AdmissionRequest) {}), with("operation", "CREATE")},
		{"an update", admitted(t, func(r *admissionv1.AdmissionRequest) {
			r.Operation, r.OldObject.Raw = admissionv1.Update, []byte(smallPod)
		}), with("operation", "UPDATE", "oldObject", pod)},
		{"a deletion, of which the API server sends the old object alone", admitted(t, func(r *admissionv1.AdmissionRequest) {
			r.Operation, r.Object.Raw, r.OldObject.Raw = admissionv1.Delete, nil, []byte(smallPod)
		}), with("operation", "DELETE", "oldObject", pod)},
		{"everything that a request may carry", admitted(t, func(r *admissionv1.AdmissionRequest) {
			r.SubResource, r.RequestSubResource, r.DryRun, r.Options.Raw = "status", "status", &yes, []byte(`{"fieldManager":"me"}`)
			r.Resource.Version, r.Resource.Resource, r.UserInfo.UID = "v1", "pods", "42"
			kind, asked := r.Kind, r.Resource
			r.RequestKind, r.RequestResource = &kind, &asked
			r.UserInfo.Extra = map[string]authenticationv1.ExtraValue{"scopes": {"x"}}
		}), with("operation", "CREATE", "subResource", "status", "requestSubResource", "status", "dryRun", true, "options", map[string]any{"fieldManager": "me"},
			"resource", map[string]any{"group": "", "version": "v1", "resource": "pods"}, "requestResource", map[string]any{"group": "", "version": "v1", "resource": "pods"},
			"requestKind", map[string]any{"group": "", "version": "v1", "kind": "Pod"},
			"userInfo", map[string]any{"username": "jane", "uid": "42", "groups": []any{"dev"}, "extra": map[string]any{"scopes": []any{"x"}}})},
		{"the namespace", inNamespace, with("operation", "CREATE", "namespaceObject", map[string]any{
			"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "shop", "labels": map[string]any{"a": "b"}}})},
		{"a scan has no operation", scanned(t), with("uid", "", "operation", "", "userInfo", map[string]any{})},
	} {
		t.Run(test.name, func(t *testing.T) {
			texts := said(t, e, test.res)
			if len(texts) != 1 {
				t.Fatal(texts)
			}
			var got, want any
			if err := json.Unmarshal([]byte(strings.TrimPrefix(texts[0], "gatekeeper/Example/seen: ")), &got); err != nil {
				t.Fatal(err, texts)
			}
			raw, err := json.Marshal(map[string]any{"review": test.want, "parameters": map[string]any{"names": []any{"a"}, "nested": map[string]any{"deep": 1.5}}})
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(raw, &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestANamespaceIsInItselfWhenItIsAdmitted(t *testing.T) {
	e := gatekeeperEngine(t, engine.Options{}, gatekeeperTemplate(`violation[{"msg": input.review.namespace}] { true }`), constraint("seen", `match: {scope: Cluster}`))
	res := admitted(t, func(r *admissionv1.AdmissionRequest) {
		r.Kind.Kind, r.Name, r.Namespace, r.Object.Raw = "Namespace", "shop", "shop", []byte(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}}`)
	})
	if got := said(t, e, res); !slices.Equal(got, []string{"gatekeeper/Example/seen: shop"}) {
		t.Error(got)
	}
}

func TestConstraintsShareATemplateAndNothingElse(t *testing.T) {
	template := gatekeeperTemplate(`
violation[{"msg": msg}] { name := input.parameters.names[_]; msg := sprintf("%v", [name]) }
violation[{"message": "without msg it is none"}] { true }`)
	e := gatekeeperEngine(t, engine.Options{}, template,
		constraint("one", `parameters: {names: [a, b]}`),
		constraint("two", `parameters: {names: [c]}, match: {kinds: [{apiGroups: ["*"], kinds: [Pod]}]}`),
		constraint("elsewhere", `parameters: {names: [d]}, match: {namespaces: [blog]}`),
		constraint("excluded", `parameters: {names: [e]}, match: {excludedNamespaces: ["sh*"]}`),
		constraint("labelled", `parameters: {names: [f]}, match: {labelSelector: {matchLabels: {team: a}}}`),
		constraint("others", `parameters: {names: [g]}, match: {labelSelector: {matchLabels: {team: b}}}`),
		constraint("named", `parameters: {names: [h]}, match: {name: "we*"}`),
		constraint("without", `match: {kinds: [{apiGroups: [""], kinds: [Pod]}]}`),
		constraint("apps", `parameters: {names: [i]}, match: {kinds: [{apiGroups: [apps], kinds: ["*"]}]}`),
	)
	want := []string{"gatekeeper/Example/labelled: f", "gatekeeper/Example/named: h", "gatekeeper/Example/one: a", "gatekeeper/Example/one: b", "gatekeeper/Example/two: c"}
	for _, round := range []string{"not cached", "cached"} {
		if diff := cmp.Diff(want, said(t, e, admitted(t, func(*admissionv1.AdmissionRequest) {}))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", round, diff)
		}
	}
	relabelled := admitted(t, func(r *admissionv1.AdmissionRequest) {
		r.Operation, r.OldObject.Raw = admissionv1.Update, []byte(strings.Replace(smallPod, `"a"`, `"b"`, 1))
	})
	if got := said(t, e, relabelled); !slices.Contains(got, "gatekeeper/Example/others: g") {
		t.Errorf("the labels of the old object do not count: %v", got)
	}
	if diff := cmp.Diff(want, said(t, e, admitted(t, func(r *admissionv1.AdmissionRequest) { r.Name = "web" }))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestWhatCannotBeDecidedIsAnErrorOfTheRule(t *testing.T) {
	e := gatekeeperEngine(t, engine.Options{}, gatekeeperTemplate(`violation[{"msg": "x"}] { true }`), constraint("selected", `match: {namespaceSelector: {matchLabels: {a: b}}}`))
	_, failures, err := e.Evaluate(context.Background(), admitted(t, func(*admissionv1.AdmissionRequest) {}), engine.Admission)
	if err != nil || len(failures) != 1 || failures[0].Cause != finding.CauseMatch || !strings.Contains(failures[0].Message, "namespaceSelector") {
		t.Errorf("failures %v, error %v", failures, err)
	}
}

func TestABuiltinThatCannotWorkIsUndefinedToATemplateAndCounted(t *testing.T) {
	recorder := &countingRecorder{}
	e := gatekeeperEngine(t, engine.Options{Recorder: recorder}, gatekeeperTemplate(`violation[{"msg": "no number"}] { not number(input.review.object.metadata.name) }
number(x) { to_number(x) }`), constraint("numbers", ""))
	if got := said(t, e, admitted(t, func(*admissionv1.AdmissionRequest) {})); !slices.Equal(got, []string{"gatekeeper/Example/numbers: no number"}) {
		t.Error(got)
	}
	if !slices.Equal(recorder.failed, []string{"gatekeeper/Example/numbers undefined"}) {
		t.Errorf("counted %v", recorder.failed)
	}
}

// countingRecorder remembers which rules failed.
type countingRecorder struct {
	engine.Recorder
	failed []string
}

func (r *countingRecorder) RuleFailed(rule, cause string) {
	r.failed = append(r.failed, rule+" "+cause)
}
func (r *countingRecorder) CacheLookup(bool)               {}
func (r *countingRecorder) RuleTook(string, time.Duration) {}

func TestTemplatesReadTheInventory(t *testing.T) {
	template := gatekeeperTemplate(`violation[{"msg": msg}] { data.inventory.namespace[ns]["v1"].Pod[name]; msg := sprintf("%v/%v", [ns, name]) }`)
	inventory := engine.NewInventory()
	e := gatekeeperEngine(t, engine.Options{Inventory: inventory}, template, constraint("twins", ""))
	if got := said(t, e, scanned(t)); len(got) != 1 || !strings.Contains(got[0], "the inventory has no Pod") {
		t.Errorf("before the inventory is known: %v", got)
	}
	if err := inventory.Fill(e.Set().Needs(), []*resource.Resource{scanned(t)}); err != nil {
		t.Fatal(err)
	}
	if got := said(t, e, scanned(t)); !slices.Equal(got, []string{"gatekeeper/Example/twins: shop/web"}) {
		t.Error(got)
	}
}

func TestAChangedTemplateReadsItsConstraintsAnew(t *testing.T) {
	withSchema := func(schema string) string {
		return strings.Replace(gatekeeperTemplate(`violation[{"msg": json.marshal(input.parameters)}] { true }`), "kind: Example}}}", "kind: Example}, validation: {legacySchema: false, openAPIV3Schema: "+schema+"}}}", 1)
	}
	load := func(schema string) (*rule.Set, []*rule.Problem) {
		return source.Load(dialect.All(), source.Source{Name: "rules", FS: fstest.MapFS{
			"template.yaml":   {Data: []byte(withSchema(schema))},
			"constraint.yaml": {Data: []byte(constraint("one", "parameters: {limit: 7}"))},
		}})
	}
	before, problems := load("{type: object, properties: {limit: {type: integer}}}")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	after, problems := load("{type: object, properties: {limit: {type: integer}, more: {type: string, default: x}}}")
	if len(problems) > 0 || before.Revision() == after.Revision() {
		t.Fatalf("problems %v, revisions %s and %s", problems, before.Revision(), after.Revision())
	}
	e, _, err := engine.New(after, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := said(t, e, scanned(t)); !slices.Equal(got, []string{`gatekeeper/Example/one: {"limit":7,"more":"x"}`}) {
		t.Error(got)
	}
	if _, problems = load("{type: object, properties: {limit: {type: string}}}"); len(problems) != 1 || !strings.Contains(problems[0].Error(), "rules/constraint.yaml:5: Example one: spec.parameters.limit: must be of type string") {
		t.Errorf("the constraint does not fit any more, and the problems are %v", problems)
	}
}
