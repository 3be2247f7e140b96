package engine

import (
	"sync/atomic"
	"time"
)

// DefaultBudget is how long one rule may take for one object before it is named.
const DefaultBudget = 100 * time.Millisecond

const (
	// meterEvery is how many evaluations of a link there are for each that is
	// made rule by rule, to learn how long each takes.
	meterEvery = 512
	// suspicion is how long a link is evaluated rule by rule after a rule of it
	// did not end in time, and how long such a rule gets no more than its budget:
	// the objects that come next must not wait for it as well.
	suspicion = 30 * time.Second
)

// meter decides when entries that are evaluated together are evaluated one by one.
type meter struct {
	runs    atomic.Uint64
	next    atomic.Bool  // evaluate one by one the next time
	suspect atomic.Int64 // until this moment, in Unix nanoseconds
}

// apart tells whether to evaluate the entries one by one this time.
func (m *meter) apart(now time.Time) bool {
	return m.runs.Add(1)%meterEvery == 0 || m.next.Swap(false) || now.UnixNano() < m.suspect.Load()
}

// suspected says that an entry did not end in time.
func (m *meter) suspected(now time.Time) { m.suspect.Store(now.Add(suspicion).UnixNano()) }

// took says how long an evaluation took in which no entry has more than a budget.
func (m *meter) took(took, budget time.Duration) {
	if took > budget {
		m.next.Store(true)
	}
}

// took records how long one entry ran by itself.
func (e *Engine) took(entry *entry, took time.Duration) {
	e.recorder.RuleTook(entry.rule.ID, took)
	if took > e.budget {
		e.recorder.RuleOverBudget(entry.rule.ID, took)
	}
}
