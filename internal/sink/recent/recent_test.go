package recent_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/sink/recent"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// admission is the report on the n-th admission, of a pod called pod-n.
func admission(n int, rules ...string) finding.Report {
	res := &resource.Resource{
		Identity:  resource.Identity{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: fmt.Sprintf("pod-%d", n), UID: "u"},
		Operation: resource.Create,
		User:      &resource.User{Name: "ann", Groups: []string{"developers"}},
		Owner:     &resource.Owner{GroupKind: schema.GroupKind{Group: "apps", Kind: "ReplicaSet"}, Name: "web-1"},
		Object:    []byte(`{"secret":"body"}`),
	}
	verdict := finding.Verdict{Resource: res}
	for _, id := range rules {
		verdict.Findings = append(verdict.Findings, finding.Finding{
			Rule: id, Severity: finding.High, Mode: finding.Warn, Resource: res.Identity,
			Container: "web", Path: "spec.containers[0]", Message: "found by " + id, Remediation: "do not keep me",
		})
	}
	return finding.Report{Door: finding.DoorAdmission, Revision: "abc", Time: start.Add(time.Duration(n) * time.Minute), Verdicts: []finding.Verdict{verdict}}
}

func write(t *testing.T, ring *recent.Ring, reports ...finding.Report) {
	t.Helper()
	for _, report := range reports {
		if err := ring.Write(t.Context(), report); err != nil {
			t.Fatal(err)
		}
	}
}

func names(page recent.Page) []string {
	names := []string{}
	for _, entry := range page.Entries {
		names = append(names, entry.Resource.Name)
	}
	return names
}

func TestAnEntryIsWhatIdentifiesAnAdmissionAndNoMore(t *testing.T) {
	ring := recent.New(recent.Options{})
	report := admission(1, "host-pid")
	report.Verdicts[0].Errors = []finding.RuleError{{Rule: "slow", Cause: finding.CauseDeadline, Message: "may quote the object", Deny: true}}
	report.Verdicts[0].Excepted = []finding.Excepted{{Exception: "legacy", Finding: finding.Finding{Rule: "host-ipc", Mode: finding.Deny, Message: "hidden"}}}
	write(t, ring, report)
	text, err := json.Marshal(ring.Read(recent.Query{}))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"entries":[{"time":"2026-03-01T12:01:00Z","revision":"abc","operation":"CREATE",` +
		`"resource":{"apiVersion":"v1","kind":"Pod","namespace":"shop","name":"pod-1"},"user":"ann","owner":{"kind":"ReplicaSet.apps","name":"web-1"},` +
		`"findings":[{"rule":"host-pid","severity":"high","mode":"warn","container":"web","path":"spec.containers[0]","message":"found by host-pid"}],` +
		`"excepted":[{"exception":"legacy","rule":"host-ipc","severity":"info","mode":"deny","message":"hidden"}],` +
		`"errors":[{"rule":"slow","cause":"deadline","refused":true}]}],"oldest":"2026-03-01T12:01:00Z","dropped":0,"more":false}`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var back recent.Page
	if err := json.Unmarshal(text, &back); err != nil || back.Entries[0].Findings[0].Severity != finding.High {
		t.Errorf("it cannot be read back: %v, %+v", err, back)
	}
}

func TestDryRunsAndScansAreNotKept(t *testing.T) {
	ring := recent.New(recent.Options{})
	dry := admission(1, "host-pid")
	dry.Verdicts[0].Resource.DryRun = true
	scan := admission(2, "host-pid")
	scan.Door = finding.DoorScan
	write(t, ring, dry, scan)
	if page := ring.Read(recent.Query{}); len(page.Entries) != 0 || !page.Oldest.IsZero() {
		t.Errorf("kept: %+v", page)
	}
}

func TestTheOldestMakeRoom(t *testing.T) {
	for _, test := range []struct {
		name    string
		options recent.Options
		write   int
		dropped int64
		want    []string
	}{
		{"fewer than there is room for", recent.Options{Entries: 3}, 2, 0, []string{"pod-2", "pod-1"}},
		{"more than the bound on their number", recent.Options{Entries: 3}, 7, 4, []string{"pod-7", "pod-6", "pod-5"}},
		{"more than the bound on their bytes", recent.Options{Bytes: 2600}, 5, 3, []string{"pod-5", "pod-4"}},
		{"one alone that is too large", recent.Options{Bytes: 100}, 1, 1, []string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			ring := recent.New(test.options)
			for n := range test.write {
				write(t, ring, admission(n+1, "host-pid"))
			}
			page := ring.Read(recent.Query{})
			if diff := cmp.Diff(test.want, names(page)); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
			if page.Dropped != test.dropped {
				t.Errorf("dropped %d, want %d", page.Dropped, test.dropped)
			}
		})
	}
}

func TestLargeEntriesAreCut(t *testing.T) {
	report := admission(1)
	long := strings.Repeat("ü", 4000)
	for range 500 {
		report.Verdicts[0].Findings = append(report.Verdicts[0].Findings, finding.Finding{Rule: "r", Message: long, Path: long})
	}
	ring := recent.New(recent.Options{})
	write(t, ring, report)
	entry := ring.Read(recent.Query{}).Entries[0]
	if len(entry.Findings) != 50 || entry.Omitted != 450 || len(entry.Findings[0].Message) > 520 || !strings.HasSuffix(entry.Findings[0].Message, "ü...") {
		t.Errorf("%d findings, %d omitted, message %q", len(entry.Findings), entry.Omitted, entry.Findings[0].Message)
	}
}

// However large the admissions, what the ring would answer stays within its bound.
func TestTheBoundOnBytesHoldsForTheAnswer(t *testing.T) {
	ring := recent.New(recent.Options{Bytes: 1 << 20})
	for n := range 3000 {
		report := admission(n, strings.Fields(strings.Repeat("rule-x ", n%40))...)
		for i := range report.Verdicts[0].Findings {
			report.Verdicts[0].Findings[i].Message = strings.Repeat("x", n%700)
		}
		write(t, ring, report)
	}
	text, err := json.Marshal(ring.Read(recent.Query{}))
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 1<<20 || len(text) < 1<<18 {
		t.Errorf("the answer has %d bytes", len(text))
	}
}

func TestQueries(t *testing.T) {
	ring := recent.New(recent.Options{})
	write(t, ring, admission(1, "host-pid"), admission(2, "host-network", "gatekeeper/Privileged/psp"), admission(3, "image-tag"))
	failed := admission(4)
	failed.Verdicts[0].Errors = []finding.RuleError{{Rule: "host-pid", Cause: finding.CauseDeadline}}
	write(t, ring, failed)
	excepted := admission(5)
	excepted.Verdicts[0].Excepted = []finding.Excepted{{Exception: "legacy", Finding: finding.Finding{Rule: "privileged"}}}
	write(t, ring, excepted)
	for _, test := range []struct {
		name  string
		query recent.Query
		want  []string
		more  bool
	}{
		{"everything, newest first", recent.Query{}, []string{"pod-5", "pod-4", "pod-3", "pod-2", "pod-1"}, false},
		{"a rule whose finding an exception hid", recent.Query{Rule: "privileged"}, []string{"pod-5"}, false},
		{"a rule, also where it could not judge", recent.Query{Rule: "host-pid"}, []string{"pod-4", "pod-1"}, false},
		{"a glob", recent.Query{Rule: "host-*"}, []string{"pod-4", "pod-2", "pod-1"}, false},
		{"an asterisk that matches slashes", recent.Query{Rule: "gatekeeper/*"}, []string{"pod-2"}, false},
		{"from a time on", recent.Query{Since: start.Add(4 * time.Minute)}, []string{"pod-5", "pod-4"}, false},
		{"the newest few", recent.Query{Limit: 2}, []string{"pod-5", "pod-4"}, true},
		{"as many as there are", recent.Query{Limit: 5}, []string{"pod-5", "pod-4", "pod-3", "pod-2", "pod-1"}, false},
		{"a rule that found nothing", recent.Query{Rule: "other"}, []string{}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			page := ring.Read(test.query)
			if diff := cmp.Diff(test.want, names(page)); diff != "" || page.More != test.more {
				t.Errorf("more %t (-want +got):\n%s", page.More, diff)
			}
		})
	}
	for _, query := range []recent.Query{{Rule: "host-["}, {Limit: -1}} {
		if query.Validate() == nil {
			t.Errorf("%+v is taken for valid", query)
		}
	}
}
