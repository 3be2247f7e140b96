package podevent

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/record"
)

func TestASlowRuleIsToldOfOnceAnHour(t *testing.T) {
	var s slowRules
	start := time.Now()
	for _, test := range []struct {
		rule  string
		after time.Duration
		due   bool
	}{
		{"a", 0, true},
		{"a", time.Minute, false},
		{"b", time.Minute, true},
		{"a", time.Hour - 1, false},
		{"a", time.Hour, true},
		{"b", time.Hour, false},
	} {
		if got := s.due(test.rule, start.Add(test.after)); got != test.due {
			t.Errorf("%s after %s: due %t", test.rule, test.after, got)
		}
	}
	for n := range 2 * maxSlow {
		s.due(fmt.Sprint(n), start.Add(time.Hour))
	}
	if len(s.told) != maxSlow {
		t.Errorf("%d rules are told of in an hour", len(s.told))
	}
	if !s.due("c", start.Add(3*time.Hour)) || len(s.told) != 1 {
		t.Errorf("%d rules are remembered for ever", len(s.told))
	}
}

func TestRuleOverBudget(t *testing.T) {
	events := record.NewFakeRecorder(2)
	r := &Recorder{recorder: events, pod: &corev1.ObjectReference{}}
	r.RuleOverBudget("acme/slow", 250*time.Millisecond)
	r.RuleOverBudget("acme/slow", 300*time.Millisecond)
	if got := <-events.Events; !strings.HasPrefix(got, "Warning RuleOverBudget rule acme/slow took 250ms for one object, longer than its budget; ") {
		t.Error(got)
	}
	if len(events.Events) > 0 {
		t.Error(<-events.Events)
	}
	(*Recorder)(nil).RuleOverBudget("outside of a pod", time.Second)
}
