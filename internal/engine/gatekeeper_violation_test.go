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

func TestTemplatesCanAskWhetherTheNamespaceIsKnown(t *testing.T) {
	e := gatekeeperEngine(t, engine.Options{}, gatekeeperTemplate(`violation[{"msg": "unknown"}] { not input.review.namespaceObject }`), constraint("seen", ""))
	res := admitted(t, func(*admissionv1.AdmissionRequest) {})
	if got := said(t, e, res); !slices.Equal(got, []string{"gatekeeper/Example/seen: unknown"}) {
		t.Error(got)
	}
	res.Namespace = &resource.Namespace{Name: "shop"}
	if got := said(t, e, res); len(got) > 0 {
		t.Error(got)
	}
}
