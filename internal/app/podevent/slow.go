package podevent

import (
	"fmt"
	"sync"
	"time"
)

const (
	// reasonSlow is the reason of Events about rules that took too long.
	reasonSlow = "RuleOverBudget"
	// slowEvery is how often one rule is told of: it may be slow for each request.
	slowEvery = time.Hour
	// maxSlow bounds the rules that are told of within that time.
	maxSlow = 20
)

// slowRules are the rules that were told of, and when.
type slowRules struct {
	mu   sync.Mutex
	told map[string]time.Time
}

// due tells whether to tell of a rule now.
func (s *slowRules) due(rule string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for known, at := range s.told {
		if now.Sub(at) >= slowEvery {
			delete(s.told, known)
		}
	}
	if _, told := s.told[rule]; told || len(s.told) >= maxSlow {
		return false
	}
	if s.told == nil {
		s.told = make(map[string]time.Time)
	}
	s.told[rule] = now
	return true
}

// RuleOverBudget says that a rule took longer for one object than it may, at most
// once an hour for each rule.
func (r *Recorder) RuleOverBudget(rule string, took time.Duration) {
	if r == nil || !r.slow.due(rule, time.Now()) {
		return
	}
	r.Warning(reasonSlow, fmt.Sprintf("rule %s took %s for one object, longer than its budget; make it cheaper, raise rules.budget, or switch it off. "+
		"reeve_rule_over_budget_total counts on", rule, took.Round(time.Millisecond)))
}
