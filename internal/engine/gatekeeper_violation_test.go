package engine_test

import (
	"slices"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/resource"
)

func TestViolationsCountWhateverRegoMakesOfTheirRule(t *testing.T) {
	for _, test := range []struct{ name, body string }{
		{"a set in Rego v0", `violation[{"msg": msg}] { msg := input.review.object.metadata.name }`},
		{"a set in Rego v1", "import rego.v1\nviolation contains {\"msg\": msg} if msg := input.review.object.metadata.name"},
		{"the keys of an object, where Rego v1 lacks contains", "import rego.v1\nviolation[{\"msg\": msg}] if msg := input.review.object.metadata.name"},
		{"keys that are not false", "import rego.v1\nviolation[{\"msg\": msg}] := found if { some msg, found in {\"web\": 1, \"other\": false} }"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := gatekeeperEngine(t, engine.Options{}, gatekeeperTemplate(test.body), constraint("seen", ""))
			if got := said(t, e, admitted(t, func(*admissionv1.AdmissionRequest) {})); !slices.Equal(got, []string{"gatekeeper/Example/seen: web"}) {
				t.Error(got)
			}
		})
	}
}

func TestTemplatesAskWhatTheNamespaceOfAnObjectHasNot(t *testing.T) {
	e := gatekeeperEngine(t, engine.Options{}, gatekeeperTemplate(`violation[{"msg": "no team"}] { not input.review.namespaceObject.metadata.labels.team }
violation[{"msg": "no label at all"}] { namespace := input.review.namespaceObject; not namespace.metadata.labels }
violation[{"msg": "nothing is known"}] { input.review.namespaceObject == {} }`), constraint("seen", ""))
	const rule = "gatekeeper/Example/seen: "
	for _, test := range []struct {
		name      string
		namespace *resource.Namespace
		want      []string
	}{
		{"no namespace", nil, []string{rule + "no label at all", rule + "no team", rule + "nothing is known"}},
		{"one without labels", &resource.Namespace{Name: "shop"}, []string{rule + "no label at all", rule + "no team"}},
		{"one with labels", &resource.Namespace{Name: "shop", Labels: map[string]string{"team": "a"}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			res := admitted(t, func(*admissionv1.AdmissionRequest) {})
			res.Namespace = test.namespace
			got := said(t, e, res)
			slices.Sort(got)
			if !slices.Equal(got, test.want) {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}
