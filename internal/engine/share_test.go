package engine_test

import (
	"testing"
	"time"

	"github.com/kubereeve/reeve/internal/engine"
)

func TestARuleAmongManyHasMoreThanItsPart(t *testing.T) {
	for _, test := range []struct {
		name      string
		remaining time.Duration
		left      int
		want      time.Duration
	}{
		{"the last has all that is left", 400 * time.Millisecond, 1, 400 * time.Millisecond},
		{"few share evenly", time.Second, 4, 250 * time.Millisecond},
		{"many have an eighth", time.Second, 60, 125 * time.Millisecond},
		{"little time is not used up by one", 80 * time.Millisecond, 60, 10 * time.Millisecond},
		{"no time is no time", 0, 60, 0},
	} {
		if got := engine.ShareOf(test.remaining, test.left); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

func TestRunawayRulesLeaveTimeToTheOthers(t *testing.T) {
	remaining := time.Second
	for left := 60; left > 30; left-- { // thirty in a row use up all that they may
		remaining -= engine.ShareOf(remaining, left)
	}
	if remaining < 10*time.Millisecond {
		t.Errorf("only %s is left", remaining)
	}
}
