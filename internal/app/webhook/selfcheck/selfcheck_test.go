package selfcheck_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/testr"
	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/admission"
	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/app/status"
	"github.com/kubereeve/reeve/internal/app/webhook/selfcheck"
	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// trace counts what would be seen of a canary by people.
type trace struct {
	mu      sync.Mutex
	seen    []string
	results []string
}

func (c *trace) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = append(c.seen, what)
}

func (c *trace) Reviewed(decision string, _ time.Duration) { c.add("reviewed " + decision) }
func (c *trace) Refused(reason string)                     { c.add("refused " + reason) }
func (c *trace) FailedOpen(cause string)                   { c.add("failed open " + cause) }
func (c *trace) CacheLookup(bool)                          { c.add("cache lookup") }
func (c *trace) RuleFailed(rule, _ string)                 { c.add("failed " + rule) }
func (c *trace) SelfChecked(result string, _ time.Time)    { c.results = append(c.results, result) }

func (c *trace) Write(context.Context, finding.Report) error {
	c.add("reported")
	return nil
}

// setup is a webhook as it is wired, with a place for something to break.
type setup struct {
	rules    app.RuleOptions
	noCanary bool
	reviewer func(admission.Reviewer) admission.Reviewer
	path     string
	// serve returns the certificate that is served, in the place of the right one.
	serve func(t *testing.T) *tls.Certificate
}

// start starts a webhook and returns a checker of it.
func (s setup) start(t *testing.T, seen *trace) *selfcheck.Checker {
	t.Helper()
	if s.rules.Select == nil { // a rule compiles faster than sixty
		s.rules.NoBuiltin, s.rules.Dirs = true, []string{"testdata"}
	}
	rules, err := s.rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	file, err := selfcheck.Rule()
	if err != nil {
		t.Fatal(err)
	}
	before := rules.Set.Revision()
	if !s.noCanary {
		rules.Apart = []rule.File{file}
	}
	compiled, err := rules.Reviewer(engine.Options{Recorder: seen})
	if err != nil {
		t.Fatal(err)
	}
	if rules.Set.Rule(selfcheck.RuleID) != nil || rules.Set.Revision() != before || compiled.Revision() != before {
		t.Errorf("the canary's rule can be seen; revisions %s, %s and %s", before, rules.Set.Revision(), compiled.Revision())
	}
	var reviewer admission.Reviewer = compiled
	if s.reviewer != nil {
		reviewer = s.reviewer(reviewer)
	}
	endpoint := admission.NewEndpoint(admission.NewHandler(admission.Options{
		Reviewer: selfcheck.Guard{Reviewer: reviewer}, Sink: seen, Recorder: seen, Silent: selfcheck.Canary, Log: testr.New(t),
	}), admission.EndpointOptions{Deadline: time.Second, MaxConcurrent: 1, Recorder: seen, Log: testr.New(t)})
	mux := http.NewServeMux()
	mux.Handle("/validate", endpoint)
	server := httptest.NewUnstartedServer(mux)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	own := &server.TLS.Certificates[0]
	if s.serve != nil {
		own = s.serve(t)
	}
	if s.path == "" {
		s.path = "/validate"
	}
	return selfcheck.New(selfcheck.Options{
		Address:     strings.Replace(server.Listener.Addr().String(), "127.0.0.1", "", 1),
		Path:        s.path,
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return own, nil },
		Serving:     func() error { return nil },
		Interval:    time.Hour, Retry: time.Hour, Timeout: 10 * time.Second,
		Recorder: seen,
		Report:   func(status.SelfCheck) {},
		Log:      testr.New(t),
	})
}

// wrapped is a reviewer whose verdicts something is done to.
type wrapped struct {
	admission.Reviewer
	change func(finding.Verdict) finding.Verdict
}

func (w wrapped) Review(ctx context.Context, res *resource.Resource) (finding.Verdict, error) {
	verdict, err := w.Reviewer.Review(ctx, res)
	return w.change(verdict), err
}

func change(change func(finding.Verdict) finding.Verdict) func(admission.Reviewer) admission.Reviewer {
	return func(reviewer admission.Reviewer) admission.Reviewer { return wrapped{reviewer, change} }
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		name  string
		setup setup
		want  string // a part of what /readyz says; nothing when the check passes
	}{
		{name: "passes when all is well"},
		{name: "passes among the built-in rules", setup: setup{rules: app.RuleOptions{Select: []string{"*"}}}},
		{name: "passes though every rule is off", setup: setup{rules: app.RuleOptions{ModeFor: []string{"*=off"}}}},
		{name: "passes though everything is only recorded", setup: setup{rules: app.RuleOptions{Mode: "audit"}}},
		{name: "passes though a rule of a user refuses canaries, too", setup: setup{reviewer: change(func(v finding.Verdict) finding.Verdict {
			v.Findings = append(v.Findings, finding.Finding{Rule: "everything", Mode: finding.Deny, Message: "no"})
			v.Errors = append(v.Errors, finding.RuleError{Rule: "everything", Cause: finding.CauseEval})
			return v
		})}},
		{name: "fails when the rules do not judge", setup: setup{noCanary: true}, want: "the canary that must be denied has passed: the rules do not judge"},
		{name: "fails when rules do not end in time", want: "could not judge", setup: setup{reviewer: change(func(v finding.Verdict) finding.Verdict {
			v.Findings, v.Errors = nil, []finding.RuleError{{Rule: selfcheck.RuleID, Cause: finding.CauseDeadline}}
			return v
		})}},
		{name: "fails when findings get lost", want: "has passed", setup: setup{reviewer: change(func(v finding.Verdict) finding.Verdict {
			v.Findings = nil
			return v
		})}},
		{name: "fails when the answer is an old one", want: "was denied for another reason", setup: setup{reviewer: change(func(v finding.Verdict) finding.Verdict {
			for i := range v.Findings {
				v.Findings[i].Message = "canary of yesterday"
			}
			return v
		})}},
		{name: "fails when everything is denied", want: "the canary that must pass was denied", setup: setup{reviewer: change(func(v finding.Verdict) finding.Verdict {
			if len(v.Findings) == 0 {
				v.Findings = []finding.Finding{{Rule: selfcheck.RuleID, Mode: finding.Deny, Message: "no"}}
			}
			return v
		})}},
		{name: "fails when judging panics", want: "got status 500", setup: setup{reviewer: change(func(finding.Verdict) finding.Verdict { panic("broken") })}},
		{name: "fails when nothing judges at the path", setup: setup{path: "/elsewhere"}, want: "got status 404"},
		{name: "fails when another certificate is served", want: "the certificate that is served is not the one", setup: setup{serve: func(t *testing.T) *tls.Certificate {
			server := httptest.NewUnstartedServer(nil)
			t.Cleanup(server.Close)
			return &tls.Certificate{Certificate: [][]byte{[]byte("another")}}
		}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			seen := &trace{}
			checker := test.setup.start(t, seen)
			if err := checker.Ready(); err == nil {
				t.Error("ready before the first check")
			}
			result, err := checker.Check(t.Context()), checker.Ready()
			if test.want == "" && (result != selfcheck.Success || err != nil) {
				t.Errorf("%s: %v", result, err)
			}
			if test.want != "" && (result != selfcheck.Failure || err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("%s: %v", result, err)
			}
			if diff := cmp.Diff([]string{result}, seen.results); diff != "" {
				t.Errorf("counted (-want +got):\n%s", diff)
			}
			if test.want == "" && len(seen.seen) > 0 {
				t.Errorf("a canary has left traces: %v", seen.seen)
			}
		})
	}
}

func TestTheSecondFailureInARowMakesNotReady(t *testing.T) {
	seen, broken := &trace{}, false
	checker := setup{reviewer: change(func(v finding.Verdict) finding.Verdict {
		if broken {
			v.Findings = nil
		}
		return v
	})}.start(t, seen)
	for i, step := range []struct{ broken, ready bool }{
		{false, true}, {true, true}, {true, false}, {true, false}, {false, true}, {true, true}, {false, true},
	} {
		broken = step.broken
		checker.Check(t.Context())
		if err := checker.Ready(); (err == nil) != step.ready {
			t.Errorf("step %d: ready: %v", i, err)
		}
	}
}

func TestNobodyListening(t *testing.T) {
	seen := &trace{}
	checker := setup{}.start(t, seen)
	checker.Check(t.Context())
	checker.Address = "127.0.0.1:1"
	for range 2 {
		checker.Check(t.Context())
	}
	if err := checker.Ready(); err == nil || !strings.Contains(err.Error(), "got no answer") {
		t.Errorf("ready: %v", err)
	}
}

func TestBusyIsNotBroken(t *testing.T) {
	seen := &trace{}
	entered, leave := make(chan struct{}), make(chan struct{})
	hold := false
	checker := setup{reviewer: change(func(v finding.Verdict) finding.Verdict {
		if hold && v.Resource.Name == "pass" {
			close(entered)
			<-leave
		}
		return v
	})}.start(t, seen)
	if result := checker.Check(t.Context()); result != selfcheck.Success {
		t.Fatal(result)
	}
	hold = true
	var group sync.WaitGroup
	group.Go(func() { checker.Check(t.Context()) }) // takes the only place
	<-entered
	for range 3 {
		if result := checker.Check(t.Context()); result != selfcheck.Busy {
			t.Errorf("%s instead of busy", result)
		}
	}
	if err := checker.Ready(); err != nil {
		t.Error(err)
	}
	close(leave)
	group.Wait()
}

func TestStartChecksAsSoonAsTheWebhookServes(t *testing.T) {
	seen := &trace{}
	checker := setup{}.start(t, seen)
	asked := 0
	checker.Serving = func() error {
		if asked++; asked < 3 {
			return errors.New("there is no certificate")
		}
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	passed := make(chan status.SelfCheck, 1)
	checker.Report = func(state status.SelfCheck) { passed <- state }
	ended := make(chan error, 1)
	go func() { ended <- checker.Start(ctx) }()
	if state := <-passed; state.LastSuccess.IsZero() || state.Failures != 0 {
		t.Errorf("%+v", state)
	}
	cancel()
	if err := <-ended; err != nil || asked != 3 {
		t.Errorf("asked %d times, error %v", asked, err)
	}
}

func (c *trace) RuleTook(string, time.Duration)       {}
func (c *trace) RuleOverBudget(string, time.Duration) {}
