package jsonlog_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/sink/jsonlog"
)

func TestWrite(t *testing.T) {
	pod := resource.Identity{APIVersion: "v1", Kind: "Pod", Namespace: "prod", Name: "web", UID: "secret-free"}
	report := finding.Report{
		Door: finding.DoorScan, Revision: "abc", Time: time.Unix(0, 0), Kind: schema.GroupKind{Kind: "Pod"}, Complete: true,
		Verdicts: []finding.Verdict{{
			Resource: &resource.Resource{Identity: pod, Object: []byte(`{"data":"never shown"}`)},
			Findings: []finding.Finding{{
				Rule: "privileged-container", Severity: finding.Critical, Mode: finding.Warn, Resource: pod,
				Container: "web", Path: "spec.containers[0]", Message: `container "web": <privileged>`, Remediation: "Remove it.\n",
			}},
			Errors: []finding.RuleError{{Rule: "other", Cause: finding.CauseEval, Message: "failed"}},
		}},
		Pass: &finding.Pass{Duration: 1500 * time.Millisecond, Resources: 3, Findings: 1, Errors: 1, Failed: map[string]string{"Role": "forbidden"}},
	}
	want := `{"record":"finding","time":"1970-01-01T00:00:00Z","door":"scan","revision":"abc","rule":"privileged-container","severity":"critical","mode":"warn","resource":{"apiVersion":"v1","kind":"Pod","namespace":"prod","name":"web"},"container":"web","path":"spec.containers[0]","message":"container \"web\": <privileged>","remediation":"Remove it.\n"}
{"record":"error","time":"1970-01-01T00:00:00Z","door":"scan","revision":"abc","rule":"other","cause":"eval","message":"failed","resource":{"apiVersion":"v1","kind":"Pod","namespace":"prod","name":"web"}}
{"record":"pass","time":"1970-01-01T00:00:00Z","door":"scan","revision":"abc","durationSeconds":1.5,"resources":3,"findings":1,"errors":1,"failed":{"Role":"forbidden"}}
`
	var text strings.Builder
	if err := jsonlog.New(&text).Write(t.Context(), report); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// refusing is a writer that may not be called.
type refusing struct{}

var errFull = errors.New("no space left")

func (refusing) Write([]byte) (int, error) { return 0, errFull }

func TestWriteSaysWhatWentWrong(t *testing.T) {
	sink := jsonlog.New(refusing{})
	if err := sink.Write(t.Context(), finding.Report{Door: finding.DoorScan}); err != nil {
		t.Errorf("error %v of a report that says nothing", err)
	}
	if err := sink.Write(t.Context(), finding.Report{Pass: &finding.Pass{}}); !errors.Is(err, errFull) {
		t.Errorf("error %v, want that of the writer", err)
	}
}
