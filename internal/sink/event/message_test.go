package event

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
)

func TestMessage(t *testing.T) {
	of := func(severity finding.Severity, rule, message string) finding.Finding {
		return finding.Finding{Rule: rule, Severity: severity, Message: message}
	}
	long := strings.Repeat("x", 400)
	for _, test := range []struct {
		name     string
		findings []finding.Finding
		want     string
	}{
		{
			name:     "lists all findings in their order",
			findings: []finding.Finding{of(finding.Critical, "a", "is bad; mend it"), of(finding.Low, "b", "is so so")},
			want:     "critical: is bad; mend it (a) | low: is so so (b)",
		},
		{
			name:     "says how many do not fit",
			findings: []finding.Finding{of(finding.High, "a", long), of(finding.High, "b", long), of(finding.High, "c", long), of(finding.Low, "d", "short")},
			want:     "high: " + long + " (a) | high: " + long + " (b) | and 2 more",
		},
		{
			name:     "cuts a finding that does not fit alone",
			findings: []finding.Finding{of(finding.Low, "a", strings.Repeat("é", 2000)), of(finding.Low, "b", "x")},
			want:     "low: " + strings.Repeat("é", (maxMessage-len(" | and 2 more")-len("low: ")-3)/2) + "... | and 1 more",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := message(test.findings)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
			if len(got) > maxMessage || !utf8.ValidString(got) {
				t.Errorf("%d bytes, valid: %v", len(got), utf8.ValidString(got))
			}
		})
	}
}

func TestDigest(t *testing.T) {
	pod := resource.Identity{Kind: "Pod", Name: "web", UID: "1"}
	a := finding.Finding{Rule: "a", Resource: pod, Path: "spec.x", Message: "restarts: 3"}
	b := finding.Finding{Rule: "b", Resource: pod}
	recounted, moved, replaced := a, a, a
	recounted.Message = "restarts: 4"
	moved.Path = "spec.y"
	replaced.Resource.UID = "2"
	same := digestOf([]finding.Finding{a, b})
	if digestOf([]finding.Finding{b, recounted}) != same {
		t.Error("order and messages make a difference")
	}
	for name, other := range map[string][]finding.Finding{
		"fewer findings": {a}, "another path": {moved, b}, "another object of the name": {replaced, b},
	} {
		if digestOf(other) == same {
			t.Errorf("%s make no difference", name)
		}
	}
}
