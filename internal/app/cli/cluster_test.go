package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/app/cli/output"
	"github.com/kubereeve/reeve/internal/scan"
)

var halfway = scan.Progress{Kind: schema.GroupKind{Group: "apps", Kind: "Deployment"}, Done: 1, Total: 3, Resources: 1500, Findings: 1}

func TestProgressChangesOneLineOfATerminal(t *testing.T) {
	var out bytes.Buffer
	p := &progress{out: &out, isTerminal: true, width: 40}
	p.show(halfway)
	p.clear()
	want := "\r\x1b[Kkind 2 of 3: Deployment.apps; 1500 res…\r\x1b[K"
	if got := out.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestProgressIsSparseElsewhere(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out)
	p.show(halfway)
	if out.Len() != 0 {
		t.Errorf("told at once: %q", out.String())
	}
	p.last = p.last.Add(-time.Hour)
	p.show(halfway)
	p.clear()
	if want := "kind 2 of 3: Deployment.apps; 1500 resources, 1 finding\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestErrorsOfARuleAreToldOnce(t *testing.T) {
	var out strings.Builder
	a := audit{streams: Streams{Err: &out}}
	for _, name := range []string{"a", "b", "c"} {
		a.report.Failures = append(a.report.Failures, output.Failure{Rule: "x", Cause: "eval", Message: "m", Resource: &output.Identity{Kind: "Pod", Name: name}})
	}
	a.report.Failures = append(a.report.Failures, output.Failure{Kind: "Secret", Message: "forbidden"})
	a.sayErrors()
	want := "error: Pod a: rule x: eval: m (and 2 more)\nerror: Secret: forbidden\n4 errors: the result is not complete\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
