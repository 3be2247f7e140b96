package recent_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/sink/recent"
)

// secret is planted in every container's environment.
const secret = "hunter2-is-the-password"

// plant puts the secret into the environment of all containers below a value, and
// tells whether there were any.
func plant(value any) bool {
	planted := false
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			containers, ok := inner.([]any)
			if ok && (key == "containers" || key == "initContainers" || key == "ephemeralContainers") {
				for _, container := range containers {
					if container, ok := container.(map[string]any); ok {
						container["env"] = []any{map[string]any{"name": "PASSWORD", "value": secret}}
						planted = true
					}
				}
			}
			planted = plant(inner) || planted
		}
	case []any:
		for _, inner := range value {
			planted = plant(inner) || planted
		}
	}
	return planted
}

// No built-in rule repeats the value of an environment variable, so none can end
// up among the recent admissions.
func TestValuesOfEnvironmentVariablesAreNotKept(t *testing.T) {
	judging, problems, err := engine.New(enginetest.Builtin(t), engine.Options{Inventory: engine.NewInventory()})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	policy, err := review.PolicyOf()
	if err != nil {
		t.Fatal(err)
	}
	reviewer := review.New(judging, policy)
	ring := recent.New(recent.Options{Entries: 100_000, Bytes: 1 << 30})
	objects := 0
	for _, fixture := range enginetest.Fixtures(t, "../../../policies") {
		for _, res := range fixture.Resources() {
			var object map[string]any
			if err := json.Unmarshal(res.Object, &object); err != nil {
				t.Fatal(err)
			}
			if !plant(object) {
				continue
			}
			objects++
			changed := *res
			changed.Operation = resource.Create
			if changed.Object, err = json.Marshal(object); err != nil {
				t.Fatal(err)
			}
			verdict, err := reviewer.Review(t.Context(), &changed)
			if err != nil {
				t.Fatal(err)
			}
			write(t, ring, finding.Report{Door: finding.DoorAdmission, Verdicts: []finding.Verdict{verdict}})
		}
	}
	page := ring.Read(recent.Query{})
	text, err := json.Marshal(page)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), secret) {
		t.Error("a message repeats the value of an environment variable")
	}
	if objects < 100 || len(page.Entries) < objects/2 {
		t.Errorf("%d objects with containers, %d verdicts: the test looks in the wrong place", objects, len(page.Entries))
	}
}
