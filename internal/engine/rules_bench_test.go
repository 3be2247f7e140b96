package engine_test

import (
	"context"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// nothing is a rule that looks at nothing of the pod: what it takes is what
// every evaluation takes.
const nothing = `# METADATA
# title: Nothing
# custom:
#   reeve:
#     severity: info
#     kinds: [workload]
package reeve.benchmark.nothing

violation contains "never" if input.operation == "NEVER"
`

// BenchmarkRule judges the typical pod with one rule at a time, so that the
// most expensive rules stand out. Evaluations by the rule take turns with those
// by a rule that looks at nothing: what is left when the second are subtracted
// is the rule's own, whatever else the machine does meanwhile.
func BenchmarkRule(b *testing.B) {
	set := enginetest.Builtin(b)
	res := readPod(b, "typical")
	inventory := engine.NewInventory()
	enginetest.Fill(b, inventory, set, nil)
	evaluate := func(b *testing.B, set *rule.Set) func() {
		e, _, err := engine.New(set, engine.Options{CacheSize: -1, Inventory: inventory})
		if err != nil {
			b.Fatal(err)
		}
		return func() {
			if _, _, err := e.Evaluate(context.Background(), res, engine.Scan); err != nil {
				b.Fatal(err)
			}
		}
	}
	baselineSet, problems := source.Load(dialect.All(), source.Source{FS: fstest.MapFS{"nothing.rego": {Data: []byte(nothing)}}, Name: "benchmark"})
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	baseline := evaluate(b, baselineSet)
	for _, one := range set.Rules() {
		if !one.Judges(res.GroupKind()) {
			continue
		}
		b.Run(one.ID, func(b *testing.B) {
			compare(b, baseline, evaluate(b, set.Filter(func(r *rule.Rule) bool { return r == one })))
		})
	}
}

// compare reports what the baseline takes and what the rule adds to it: medians,
// because the other work of a machine hits single evaluations, and hard.
func compare(b *testing.B, baseline, rule func()) {
	b.Helper()
	allocations := testing.AllocsPerRun(100, rule) - testing.AllocsPerRun(100, baseline)
	var without, added []time.Duration
	for b.Loop() {
		start := time.Now()
		baseline()
		between := time.Now()
		rule()
		with := time.Since(between)
		without = append(without, between.Sub(start))
		added = append(added, with-between.Sub(start))
	}
	b.ReportMetric(0, "ns/op") // of both together, which says nothing
	b.ReportMetric(median(without), "baseline-ns/op")
	b.ReportMetric(median(added), "rule-ns/op")
	b.ReportMetric(allocations, "rule-allocs/op")
}

// median returns the middle of durations in nanoseconds.
func median(durations []time.Duration) float64 {
	slices.Sort(durations)
	return float64(durations[len(durations)/2].Nanoseconds())
}
