package engine_test

import (
	"context"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/resource"
)

func readPod(tb testing.TB, name string) *resource.Resource {
	tb.Helper()
	res, err := resource.FromObject(enginetest.Pod(tb, name), schema.GroupVersionKind{})
	if err != nil {
		tb.Fatal(err)
	}
	res.Operation = resource.Create
	return res
}

// BenchmarkEvaluate judges one pod with 40 rules, with and without the verdict
// cache knowing it.
func BenchmarkEvaluate(b *testing.B) {
	set := enginetest.Many(b)
	for _, size := range []string{"minimal", "typical", "large"} {
		for _, cache := range []struct {
			name string
			size int
		}{{"miss", -1}, {"hit", 0}} {
			b.Run(size+"/"+cache.name, func(b *testing.B) {
				e, problems, err := engine.New(set, engine.Options{CacheSize: cache.size})
				if err != nil || len(problems) > 0 {
					b.Fatal(err, problems)
				}
				res := readPod(b, size)
				b.ReportAllocs()
				b.ReportMetric(float64(len(res.Object)), "object-bytes")
				for b.Loop() {
					if _, failures, err := e.Evaluate(context.Background(), res, engine.Admission); err != nil || len(failures) > 0 {
						b.Fatal(err, failures)
					}
				}
			})
		}
	}
}
