package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/app/status"
	"github.com/kubereeve/reeve/internal/app/status/client"
)

var statusNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// wellState is a replica that nothing is wrong with.
func wellState() *status.State {
	return &status.State{
		Program: "webhook", Replica: "a", Time: statusNow,
		Rules:       status.Rules{Revision: "abc", Count: 60},
		Certificate: status.Certificate{NotBefore: statusNow.Add(-30 * 24 * time.Hour), NotAfter: statusNow.Add(60 * 24 * time.Hour)},
		SelfCheck:   status.SelfCheck{LastSuccess: statusNow.Add(-20 * time.Second)},
	}
}

// wellReport is a cluster with two replicas and a scanner that all is well with.
func wellReport() *statusReport {
	return &statusReport{
		Configuration: &client.Configuration{Name: "reeve", FailurePolicies: []string{"Fail"}},
		Replicas:      []replicaStatus{{Name: "a", State: wellState()}, {Name: "b", State: wellState()}},
		Scanners: []scannerStatus{{Scanner: client.Scanner{Name: "s", Revision: "abc", Rules: 70,
			LastEnd: statusNow.Add(-5 * time.Minute), Took: time.Minute, Interval: 10 * time.Minute}}},
		namespace: "reeve-system",
	}
}

func TestDiagnosis(t *testing.T) {
	for _, test := range []struct {
		name     string
		change   func(r *statusReport, a *status.State)
		problems []string
		unknown  []string
		notes    []string
	}{
		{name: "all is well", change: func(*statusReport, *status.State) {}},
		{name: "no pods", change: func(r *statusReport, _ *status.State) { r.Replicas = nil },
			problems: []string{"there are no pods of the webhook in namespace reeve-system (label app.kubernetes.io/name=reeve-webhook); see --reeve-namespace"}},
		{name: "a pod that does not run", change: func(r *statusReport, _ *status.State) {
			r.Replicas[0].State, r.Replicas[0].Pod = nil, "CrashLoopBackOff"
		}, problems: []string{"a: the pod does not run: CrashLoopBackOff"}},
		{name: "a replica that does not answer", change: func(r *statusReport, _ *status.State) {
			r.Replicas[0].State, r.Replicas[0].Error = nil, "connection refused"
		}, unknown: []string{"a: no answer: connection refused"}},
		{name: "not ready", change: func(_ *statusReport, a *status.State) { a.NotReady = "shutting down" }, problems: []string{"a: not ready: shutting down"}},
		{name: "the same file left out everywhere is said once", change: func(r *statusReport, _ *status.State) {
			for i := range r.Replicas {
				r.Replicas[i].State.Rules.LeftOut = []status.LeftOut{{File: "x.rego", Line: 3, Reason: "no brace"}}
				r.Replicas[i].State.Rules.LeftOutTotal = 3
			}
		}, problems: []string{"a, b: rule file left out: x.rego:3: no brace", "a, b: and 2 rule files more left out"}},
		{name: "a rule over its budget", change: func(_ *statusReport, a *status.State) {
			a.Rules.OverBudget = map[string]status.OverBudget{
				"slow": {Count: status.Count{Total: 3, Last: statusNow.Add(-10 * time.Minute)}, LongestSeconds: 0.0312},
				"once": {Count: status.Count{Total: 1, Last: statusNow.Add(-2 * time.Hour)}, LongestSeconds: 1},
			}
		}, problems: []string{"a: rule slow took longer than its budget 3 times, up to 0.0312 s, the last time 10m ago"}},
		{name: "reloads that failed", change: func(_ *statusReport, a *status.State) {
			a.Rules.Problem, a.Configuration.Problem = "no rules", "line 3"
		}, problems: []string{"a: the rules from before stay, as newer ones could not be loaded: no rules",
			"a: the configuration from before stays, as a newer one is refused: line 3"}},
		{name: "a certificate that ends soon", change: func(_ *statusReport, a *status.State) { a.Certificate.NotAfter = statusNow.Add(72 * time.Hour) },
			problems: []string{"a: the certificate expires in 3 days and was not renewed"}},
		{name: "a certificate that lives shortly", change: func(_ *statusReport, a *status.State) {
			a.Certificate = status.Certificate{NotBefore: statusNow.Add(-time.Hour), NotAfter: statusNow.Add(time.Hour)}
		}},
		{name: "a certificate that has expired", change: func(_ *statusReport, a *status.State) { a.Certificate.NotAfter = statusNow.Add(-time.Minute) },
			problems: []string{"a: the certificate has expired 60s ago"}},
		{name: "a self-check that fails", change: func(_ *statusReport, a *status.State) {
			a.SelfCheck.Failures, a.SelfCheck.Problem = 1, "passed"
		}, problems: []string{"a: the self-check has failed 1 time: passed"}},
		{name: "a self-check that does not end", change: func(_ *statusReport, a *status.State) { a.SelfCheck.LastSuccess = statusNow.Add(-10 * time.Minute) },
			problems: []string{"a: no self-check has passed for 10m"}},
		{name: "something passed unjudged lately", change: func(_ *statusReport, a *status.State) {
			a.FailOpen = map[string]status.Count{"deadline": {Total: 3, Last: statusNow.Add(-5 * time.Minute)}, "eval": {Total: 1, Last: statusNow.Add(-2 * time.Hour)}}
		}, problems: []string{"a: 3 requests passed unjudged because of deadline, the last 5m ago"}},
		{name: "exceptions that are stale, and one that has expired", change: func(_ *statusReport, a *status.State) {
			a.Exceptions = &status.Exceptions{Count: 2, Expired: 1, Synced: true, StaleSince: statusNow.Add(-3 * time.Hour), Problem: "forbidden"}
		}, problems: []string{"a: the exceptions are those of 3h ago: forbidden"}, notes: []string{"a: 1 exception expired"}},
		{name: "exceptions that are not known", change: func(_ *statusReport, a *status.State) {
			a.Exceptions = &status.Exceptions{StaleSince: statusNow.Add(-3 * time.Hour), Problem: "forbidden"}
		}, problems: []string{"a: the exceptions are not known for 3h: forbidden"}},
		{name: "exceptions that cannot be used", change: func(_ *statusReport, a *status.State) {
			a.Exceptions = &status.Exceptions{Synced: true, Problem: "2 exceptions cannot be used"}
		}, problems: []string{"a: exceptions: 2 exceptions cannot be used"}},
		{name: "some other part", change: func(_ *statusReport, a *status.State) { a.Problems = map[string]string{"namespaces": "forbidden"} },
			problems: []string{"a: namespaces: forbidden"}},
		{name: "replicas that do not agree", change: func(_ *statusReport, a *status.State) {
			a.Rules.Revision, a.Configuration.Revision = "aaa", "c1"
		}, problems: []string{"the replicas judge by different rules: aaa at a; abc at b", "the replicas judge by different configurations: c1 at a; none at b"},
			notes: []string{"s: the scanner judges by other rules (abc) than the webhook (aaa)"}},
		{name: "nothing is sent to the webhook", change: func(r *statusReport, _ *status.State) {
			r.Configuration, r.configurationErr = nil, fmt.Errorf("reeve: %w", client.ErrNoConfiguration)
		}, problems: []string{"ValidatingWebhookConfiguration reeve: there is no such ValidatingWebhookConfiguration, so nothing is sent to the webhook"}},
		{name: "a configuration that may not be read", change: func(r *statusReport, _ *status.State) {
			r.Configuration, r.configurationErr = nil, errors.New("forbidden")
		}, unknown: []string{"whether anything is sent to the webhook: forbidden"}},
		{name: "a webhook that may be passed by", change: func(r *statusReport, _ *status.State) { r.Configuration.FailurePolicies = []string{"Ignore"} },
			notes: []string{"failurePolicy is Ignore: requests pass while no webhook answers"}},
		{name: "an old scan", change: func(r *statusReport, _ *status.State) { r.Scanners[0].LastEnd = statusNow.Add(-90 * time.Minute) },
			problems: []string{"s: the last scan ended 90m ago, and there should be one every 10m0s"}},
		{name: "no scan yet", change: func(r *statusReport, _ *status.State) { r.Scanners[0].LastEnd = time.Time{} }, problems: []string{"no scan has ended yet"}},
		{name: "a scanner that waits beside one that leads", change: func(r *statusReport, _ *status.State) {
			r.Scanners = append(r.Scanners, scannerStatus{Scanner: client.Scanner{Name: "t", Interval: time.Minute}})
		}},
		{name: "a scanner that does not answer", change: func(r *statusReport, _ *status.State) { r.Scanners[0].Error = "refused" }, unknown: []string{"s: no answer: refused"}},
		{name: "no scanner", change: func(r *statusReport, _ *status.State) { r.Scanners = nil }, notes: []string{"there is no scanner in namespace reeve-system"}},
		{name: "a text that would play tricks", change: func(_ *statusReport, a *status.State) { a.NotReady = "a\x1b[31mb\nc" },
			problems: []string{"a: not ready: a?[31mb c"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			report := wellReport()
			test.change(report, report.Replicas[0].State)
			report.diagnose(statusNow)
			for _, part := range []struct {
				name      string
				want, got []string
			}{{"problems", test.problems, report.Problems}, {"unknown", test.unknown, report.Unknown}, {"notes", test.notes, report.Notes}} {
				if diff := cmp.Diff(append([]string{}, part.want...), part.got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", part.name, diff)
				}
			}
			want := exitOK
			switch {
			case test.problems != nil:
				want = exitFindings
			case test.unknown != nil:
				want = exitError
			}
			if code := exitCode(new(bytes.Buffer), nil, report.exit(nil)); code != want {
				t.Errorf("exit code %d, want %d", code, want)
			}
		})
	}
}

func TestWhatIsWrongWinsOverWhatIsNotKnown(t *testing.T) {
	report := wellReport()
	report.Replicas[0].State, report.Replicas[0].Error = nil, "refused"
	report.Replicas[1].State.NotReady = "shutting down"
	report.diagnose(statusNow)
	if code := exitCode(new(bytes.Buffer), nil, report.exit(nil)); code != exitFindings {
		t.Errorf("exit code %d", code)
	}
}

func TestStatusForPeople(t *testing.T) {
	report := wellReport()
	report.Scanners = nil
	report.withoutScanners = true
	report.Replicas[1].State, report.Replicas[1].Pod = nil, "Pending"
	report.Replicas[0].State.FailOpen = map[string]status.Count{"deadline": {Total: 3, Last: statusNow}}
	report.Replicas[0].State.Exceptions = &status.Exceptions{Count: 4, Synced: true}
	report.diagnose(statusNow)
	var out bytes.Buffer
	if err := (look{terminal.NewLook(&out, terminal.ColorNever, 80)}).status(&out, report); err != nil {
		t.Fatal(err)
	}
	want := strings.TrimLeft(`
WEBHOOK  READY    RULES  REVISION  CONFIGURATION  CERTIFICATE   SELF-CHECK      UNJUDGED  EXCEPTIONS
a        yes      60     abc       none           60 days left  passed 20s ago  3         4
b        Pending  -      -         -              -             -               -         -

Wrong:
- a: 3 requests passed unjudged because of deadline, the last 0s ago
- b: the pod does not run: Pending

`, "\n")
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	text, err := json.Marshal(report)
	if err != nil || !strings.Contains(string(text), `"healthy":false,"problems":["a: 3 requests`) || !strings.Contains(string(text), `"revision":"abc"`) {
		t.Errorf("%v: %s", err, text)
	}
}

func TestStatusNeedsToKnowWhomToAsk(t *testing.T) {
	t.Setenv("KUBECONFIG", t.TempDir()+"/none")
	t.Setenv("HOME", t.TempDir())
	for _, test := range []struct {
		name      string
		arguments []string
		want      string
		code      int
	}{
		{"no cluster", nil, "no cluster to talk to", exitError},
		{"a format that is none", []string{"-o", "xml"}, "--output", exitUsage},
		{"a token without TLS", []string{"--address", "http://127.0.0.1:1", "--token-file", "x", "--ca-file", "x"}, "over TLS only", exitError},
		{"an address that is none", []string{"--address", "here", "--token-file", "x", "--ca-file", "x"}, "is not an address", exitError},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := Run(t.Context(), Streams{Out: &out, Err: &errs}, "reeve", append([]string{"status"}, test.arguments...))
			if code != test.code || !strings.Contains(errs.String(), test.want) {
				t.Errorf("exit code %d: %s", code, errs.String())
			}
		})
	}
}
