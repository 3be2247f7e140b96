package podsecurity_test

import (
	"context"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// BenchmarkStandards judges pods with all rules of the standards together. The
// difference to one trivial rule, which is mostly reading the pod, is their
// price.
func BenchmarkStandards(b *testing.B) {
	all := rules(b)
	trivial := enginetest.Builtin(b).Filter(func(r *rule.Rule) bool { return r.ID == "host-pid" })
	for _, size := range []string{"minimal", "typical", "large"} {
		res, err := resource.FromObject(enginetest.Pod(b, size), schema.GroupVersionKind{})
		if err != nil {
			b.Fatal(err)
		}
		for name, set := range map[string]*rule.Set{"all": all, "one-trivial-rule": trivial} {
			b.Run(size+"/"+name, func(b *testing.B) {
				e, problems, err := engine.New(set, engine.Options{CacheSize: -1})
				if err != nil || len(problems) > 0 {
					b.Fatal(err, problems)
				}
				for b.Loop() {
					if _, _, err := e.Evaluate(context.Background(), res, engine.Scan); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
