package engine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule/dialect"
)

// judge returns the messages that an engine finds on an admission request.
func judge(t testing.TB, e *engine.Engine, request admissionv1.AdmissionRequest) []string {
	t.Helper()
	res, err := resource.FromAdmission(&request)
	if err != nil {
		t.Fatal(err)
	}
	matches, failures, err := e.Evaluate(t.Context(), res, engine.Admission)
	if err != nil || len(failures) > 0 {
		t.Fatal(err, failures)
	}
	messages := []string{}
	for _, match := range matches {
		messages = append(messages, match.Message)
	}
	return messages
}

func TestAdmissionRulesSeeTheRequestAsTheAPIServerSendsIt(t *testing.T) {
	fungus := admissionv1.AdmissionRequest{
		UID: "1", Kind: metav1.GroupVersionKind{Group: "example.org", Version: "v1", Kind: "Fungus"},
		Resource: metav1.GroupVersionResource{Group: "example.org", Version: "v1", Resource: "fungi"},
		Name:     "f", Namespace: "shop", Operation: admissionv1.Create,
		UserInfo: authenticationv1.UserInfo{Username: "jane", Extra: map[string]authenticationv1.ExtraValue{"team": {"a"}}},
		Object:   runtime.RawExtension{Raw: []byte(`{"apiVersion":"example.org/v1","kind":"Fungus","metadata":{"name":"f","namespace":"shop"}}`)},
	}
	scaled, generated, removed := fungus, fungus, fungus
	scaled.SubResource = "scale"
	generated.Name, generated.Object.Raw = "", []byte(`{"apiVersion":"example.org/v1","kind":"Fungus","metadata":{"generateName":"f-"}}`)
	removed.Operation, removed.Object, removed.OldObject = admissionv1.Delete, runtime.RawExtension{}, fungus.Object
	for _, test := range []struct {
		name, condition string
		request         admissionv1.AdmissionRequest
		want            bool
	}{
		{"the plural name of the kind", `input.request.resource.resource == "fungi"`, fungus, true},
		{"more of the user than the name", `input.request.userInfo.extra.team[_] == "a"`, fungus, true},
		{"the id of the request", `input.request.uid == "1"`, fungus, true},
		{"no subresource", `not input.request.subResource`, fungus, true},
		{"a subresource", `input.request.subResource == "scale"`, scaled, true},
		{"a name", `input.request.name == "f"`, fungus, true},
		{"no name that will be generated", `not input.request.name`, generated, true},
		{"the object to be deleted as the old one", `input.request.oldObject.kind == "Fungus"; input.request.object == null`, removed, true},
		{"no old object", `input.request.oldObject == null`, fungus, true},
		{"another plural name", `input.request.resource.resource == "fungus"`, fungus, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := foreignEngine(t, dialect.Options{}, map[string]string{"p.rego": "package kubernetes.admission\ndeny[\"found\"] { " + test.condition + " }"})
			if got := len(judge(t, e, test.request)) > 0; got != test.want {
				t.Errorf("found %t, want %t", got, test.want)
			}
		})
	}
}

// The name of a namespace is where the API server says it is in, and no verdict of
// one namespace holds for another.
func TestANamespaceIsInItself(t *testing.T) {
	e := foreignEngine(t, dialect.Options{}, map[string]string{"p.rego": "package kubernetes.admission\ndeny[m] { input.request.operation == \"CREATE\"; m := input.request.namespace }"})
	for _, name := range []string{"shop", "ops", "shop"} {
		got := judge(t, e, admissionv1.AdmissionRequest{
			Kind: metav1.GroupVersionKind{Version: "v1", Kind: "Namespace"}, Name: name, Namespace: name, Operation: admissionv1.Create,
			Object: runtime.RawExtension{Raw: []byte(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"` + name + `"}}`)},
		})
		if diff := cmp.Diff([]string{name}, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestAVerdictHoldsForOneSubresource(t *testing.T) {
	e := foreignEngine(t, dialect.Options{}, map[string]string{"p.rego": "package kubernetes.admission\ndeny[m] { m := input.request.subResource }"})
	for _, subresource := range []string{"", "ephemeralcontainers", ""} {
		got := judge(t, e, admissionv1.AdmissionRequest{
			Kind: metav1.GroupVersionKind{Version: "v1", Kind: "Pod"}, Name: "web", Namespace: "shop", Operation: admissionv1.Update, SubResource: subresource,
			Object: runtime.RawExtension{Raw: []byte(podAlone)}, OldObject: runtime.RawExtension{Raw: []byte(podAlone)},
		})
		if len(got) > 0 != (subresource != "") {
			t.Errorf("%q: %q", subresource, got)
		}
	}
}
