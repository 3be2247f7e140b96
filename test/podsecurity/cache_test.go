package podsecurity_test

import (
	"context"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// lookups counts looks into the verdict cache.
type lookups struct{ hits, misses int }

func (l *lookups) RuleFailed(string, string) {}

func (l *lookups) CacheLookup(hit bool) {
	if hit {
		l.hits++
	} else {
		l.misses++
	}
}

// TestVerdictsAreCached holds the rules to what the cache wants: they run on
// every pod, so none of them may read a pod in a way that makes its verdict
// uncacheable.
func TestVerdictsAreCached(t *testing.T) {
	set := rules(t)
	res, err := resource.FromObject(enginetest.Pod(t, "typical"), schema.GroupVersionKind{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range set.Rules() {
		var seen lookups
		e, problems, err := engine.New(set.Filter(func(other *rule.Rule) bool { return other == r }), engine.Options{Recorder: &seen})
		if err != nil || len(problems) > 0 {
			t.Fatal(err, problems)
		}
		for range 2 {
			if _, _, err := e.Evaluate(context.Background(), res, engine.Admission); err != nil {
				t.Fatal(err)
			}
		}
		if seen != (lookups{hits: 1, misses: 1}) {
			t.Errorf("%s: %d hits and %d misses for the same pod twice; it reads what lies outside of the cache's key", r.ID, seen.hits, seen.misses)
		}
	}
}

func (l *lookups) RuleTook(string, time.Duration)       {}
func (l *lookups) RuleOverBudget(string, time.Duration) {}
