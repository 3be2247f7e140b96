package engine

import (
	"sync/atomic"
	"time"
)

// DefaultBudget is how long one rule may take for one object before it is named.
const DefaultBudget = 100 * time.Millisecond

const (
	// meterEvery is how many evaluations there are for each of which it is recorded
	// how long every rule took.
	meterEvery = 64
	// suspicion is how long a rule gets no more than its budget after it did not end
	// in time: the objects that come next must not wait for it as well.
	suspicion = 30 * time.Second
)

// suspect remembers that a rule did not end in time.
type suspect struct{ until atomic.Int64 } // this moment, in Unix nanoseconds

// found says that the rule did not end in time.
func (s *suspect) found(now time.Time) { s.until.Store(now.Add(suspicion).UnixNano()) }

// is tells whether the rule did not end in time lately.
func (s *suspect) is(now time.Time) bool { return now.UnixNano() < s.until.Load() }

// took records how long one entry ran.
func (e *Engine) took(entry *entry, took time.Duration, recorded bool) {
	if recorded {
		e.recorder.RuleTook(entry.rule.ID, took)
	}
	if took > e.budget {
		e.recorder.RuleOverBudget(entry.rule.ID, took)
	}
}
