package status

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/rule"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestTheRegistryRepeatsWhatItWasTold(t *testing.T) {
	r := newRegistry("webhook", func() time.Time { return now })
	r.SetRules("abc", 60, []*rule.Problem{{File: "a.rego", Line: 3, Message: "no brace"}})
	r.SetRulesProblem(errors.New("the directory is gone"))
	r.RuleOverBudget("slow", 30*time.Millisecond)
	r.RuleOverBudget("slow", 20*time.Millisecond)
	r.SetConfiguration("def")
	r.SetConfigurationProblem(errors.New("line 3: unknown field"))
	r.SetCertificate(now, now.Add(time.Hour))
	r.SetSelfCheck(SelfCheck{LastSuccess: now, Failures: 1, Problem: "passed"})
	r.SetExceptions(Exceptions{Count: 2, Expired: 1, Synced: true})
	r.SetProblem("namespaces", errors.New("forbidden"))
	r.SetReady(func() error { return errors.New("shutting down") })
	r.FailedOpen("deadline")
	r.FailedOpen("deadline")
	got := r.State()
	want := State{
		Program: "webhook", Version: got.Version, Replica: got.Replica, Started: now, Time: now, NotReady: "shutting down",
		Rules: Rules{Revision: "abc", Count: 60, Loaded: now, LeftOut: []LeftOut{{"a.rego", 3, "no brace"}}, LeftOutTotal: 1,
			OverBudget: map[string]OverBudget{"slow": {Count{2, now}, 0.03}}, Problem: "the directory is gone"},
		Configuration: Configuration{Revision: "def", Loaded: now, Problem: "line 3: unknown field"},
		Certificate:   Certificate{now, now.Add(time.Hour)},
		SelfCheck:     SelfCheck{LastSuccess: now, Failures: 1, Problem: "passed"},
		FailOpen:      map[string]Count{"deadline": {2, now}},
		Exceptions:    &Exceptions{Count: 2, Expired: 1, Synced: true},
		Problems:      map[string]string{"namespaces": "forbidden"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	r.SetProblem("namespaces", nil)
	r.SetRules("ghi", 61, nil)
	r.FailedOpen("eval")
	if again := r.State(); len(again.Problems) != 0 || again.Rules.LeftOutTotal != 0 || again.Rules.Problem != "" || len(again.FailOpen) != 2 {
		t.Errorf("what is well again is still there: %+v", again)
	}
	if len(got.FailOpen) != 1 || got.Problems["namespaces"] == "" {
		t.Error("the state from before has changed")
	}
}

func TestAStateIsBounded(t *testing.T) {
	r := NewRegistry("webhook")
	long := strings.Repeat("ü", 100_000)
	var problems []*rule.Problem
	for n := range 5000 {
		problems = append(problems, &rule.Problem{File: long, Message: long})
		r.RuleOverBudget(fmt.Sprintf("slow-%d", n), time.Second)
	}
	r.SetRules("abc", 0, problems)
	r.SetConfigurationProblem(errors.New(long))
	text, err := json.Marshal(r.State())
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 256<<10 {
		t.Errorf("the state has %d bytes", len(text))
	}
	if total := r.State().Rules.LeftOutTotal; total != len(problems) {
		t.Errorf("%d files are said to be left out", total)
	}
}

func TestTheRegistryMayBeToldAndAskedAtOnce(t *testing.T) {
	r := NewRegistry("webhook")
	r.SetReady(func() error { r.SetProblem("asked", nil); return nil })
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 200 {
				r.FailedOpen("deadline")
				r.SetProblem("part", errors.New("x"))
				_ = r.State()
			}
		})
	}
	group.Wait()
	if n := r.State().FailOpen["deadline"].Total; n != 1600 {
		t.Errorf("%d fail-opens were counted, not 1600", n)
	}
}
