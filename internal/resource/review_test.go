package resource_test

import (
	"strings"
	"testing"

	"github.com/kubereeve/reeve/internal/resource"
)

func TestFromReviewReadsWhatIsJudged(t *testing.T) {
	const pod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"shop"}}`
	for _, test := range []struct {
		name, request string
		operation     resource.Operation
		old           bool
	}{
		{"as little as possible", `{"object":` + pod + `}`, "", false},
		{"everything", `{"uid":"u","kind":{"group":"","version":"v1","kind":"Pod"},"operation":"UPDATE","namespace":"shop","name":"web","object":` + pod + `,"oldObject":` + pod + `,"userInfo":{"username":"jane"},"dryRun":true}`, resource.Update, true},
		{"a deletion", `{"operation":"DELETE","object":null,"oldObject":` + pod + `}`, resource.Delete, false},
		{"an old object alone", `{"operation":"UPDATE","oldObject":` + pod + `}`, resource.Update, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			res, err := resource.FromReview([]byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":` + test.request + `}`))
			if err != nil {
				t.Fatal(err)
			}
			if want := (resource.Identity{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: "web"}); res.Identity != want {
				t.Errorf("read as %+v", res.Identity)
			}
			if string(res.Object) != pod || (len(res.OldObject) > 0) != test.old || res.Operation != test.operation {
				t.Errorf("object %s, old %s, operation %q", res.Object, res.OldObject, res.Operation)
			}
			if res.Request == nil || res.User == nil {
				t.Error("the request, or its user, is not known")
			}
		})
	}
}

func TestFromReviewReadsObjectsThatLeaveOutTheirVersion(t *testing.T) {
	const pod = `{"kind":"Pod","metadata":{"name":"web","namespace":"shop"}}`
	for _, test := range []struct{ name, request, apiVersion string }{
		{"the request says it", `{"kind":{"group":"apps","version":"v1","kind":"Pod"},"object":` + pod + `}`, "apps/v1"},
		{"the request is about another kind", `{"kind":{"group":"apps","version":"v1","kind":"Scale"},"object":` + pod + `}`, "apps/v1"},
		{"nobody says it", `{"object":` + pod + `}`, ""},
		{"an old object", `{"operation":"DELETE","oldObject":` + pod + `}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			res, err := resource.FromReview([]byte(`{"request":` + test.request + `}`))
			if err != nil {
				t.Fatal(err)
			}
			if res.APIVersion != test.apiVersion || res.Name != "web" || res.Identity.Namespace != "shop" {
				t.Errorf("read as %+v", res.Identity)
			}
		})
	}
}

func TestFromReviewRefusesWhatIsNone(t *testing.T) {
	for review, want := range map[string]string{
		`[]`:                                  "",
		`{}`:                                  "request is missing",
		`{"request":{"operations":"CREATE"}}`: "operations",
		`{"request":{}}`:                      "neither object nor oldObject",
		`{"request":{"object":null}}`:         "neither object nor oldObject",
		`{"request":{"operation":"DELETE","object":{"apiVersion":"v1","kind":"Pod"}}}`: "oldObject is missing",
		`{"request":{"object":{"metadata":{}}}}`:                                       "request.object: kind is missing",
		`{"request":{"object":{"apiVersion":"v1","kind":"Pod"},"oldObject":[]}}`:       "request.oldObject: not a JSON object",
	} {
		if _, err := resource.FromReview([]byte(review)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", review, err, want)
		}
	}
}
