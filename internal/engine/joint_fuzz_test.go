package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// FuzzConstraints judges a pod with a template and two constraints of it, together
// and one by one: whatever the template says, both find the same, and nothing panics.
func FuzzConstraints(f *testing.F) {
	for i, policy := range jointPolicies {
		f.Add(policy.rego, jointParameters[i%len(jointParameters)])
	}
	seed := enginetest.Pod(f, "minimal")
	f.Fuzz(func(t *testing.T, rego, parameters string) {
		if len(rego) > 4096 || strings.Contains(rego, "\t") || strings.Contains(parameters, "\n") {
			t.Skip()
		}
		text := jointTemplate("Fuzzed", "v0", rego+jointHelpers) + fmt.Sprintf(`---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Fuzzed
metadata: {name: given}
spec: {parameters: %s}
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Fuzzed
metadata: {name: none}
`, parameters)
		set, _ := source.Load(dialect.All(), source.Source{FS: fstest.MapFS{"fuzzed.yaml": {Data: []byte(text)}}, Name: "fuzzed"})
		if len(set.Rules()) == 0 {
			t.Skip()
		}
		joint, _, err := engine.New(set, engine.Options{CacheSize: -1, Deadline: 10 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		apart, _, err := engine.New(set, engine.Options{CacheSize: -1, Deadline: 10 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		apart.Apart()
		res := pod(t, string(seed))
		if diff := cmp.Diff(said(t, apart, res), said(t, joint, res)); diff != "" {
			t.Errorf("(-apart +together):\n%s", diff)
		}
	})
}
