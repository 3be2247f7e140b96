package engine_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
)

func TestOPAHasTheLastWord(t *testing.T) {
	for _, test := range []struct {
		name, body    string
		found         int
		causes        []string
		failure, says string
	}{
		{"a conflict that the rule does not look at", `by_name[name] := value if { some name in ["a", "b"]; some value in {"a": [1], "b": [1, 2]}[name] }
violation contains {"msg": "a"} if by_name.a`, 1, []string{"rule doubted"}, "", ""},
		{"a builtin that fails where the rule does not look", `by_name[name] := value if { some name, text in {"a": "1", "b": "x"}; value := to_number(text) }
violation contains {"msg": "a"} if by_name.a`, 1, nil, "", ""},
		{"a builtin that panics", `violation contains {"msg": "x"} if rand.intn("x", -9223372036854775808) > 0
violation contains {"msg": "y"} if true`, 0, []string{"rule eval"}, finding.CauseEval, "OPA's evaluator has given up"},
		{"what OPA's index of rules forgets, in a rule that only OPA's evaluator can evaluate", `levels.a := 1
violation contains {"msg": "x"} if { levels[input.parameters.level]; false }
violation contains {"msg": "y"} if input.object.metadata.name in ["other", input.object.metadata.name]`, 1, nil, "", ""},
		{"a conflict", `name := value if { some value in ["a", "b"] }
violation contains {"msg": name} if name`, 0, []string{"rule eval"}, finding.CauseEval, "rule data.reeve.test.rule.name produced conflicting values"},
	} {
		t.Run(test.name, func(t *testing.T) {
			recorder := &counts{}
			set := load(t, map[string]string{"rule.rego": ruleText("rule", "", test.body)})
			e := newEngine(t, set, engine.Options{Deadline: time.Minute, CacheSize: -1, Recorder: recorder})
			matches, failures, err := e.Evaluate(context.Background(), pod(t, plainPod), engine.Admission)
			if err != nil || len(matches) != test.found {
				t.Errorf("matches %v, failures %v, error %v", matches, failures, err)
			}
			if got := strings.Join(recorder.failures, ", "); got != strings.Join(test.causes, ", ") {
				t.Errorf("counted %q, want %q", got, test.causes)
			}
			if test.failure == "" && len(failures) > 0 || test.failure != "" && (len(failures) != 1 || failures[0].Cause != test.failure || !strings.Contains(failures[0].Message, test.says)) {
				t.Errorf("failures %v, want %s: %s", failures, test.failure, test.says)
			}
		})
	}
}

func TestTheInterpreterIsAskedAboutAllRules(t *testing.T) {
	for name, set := range map[string]*rule.Set{
		"Reeve's own":                enginetest.Builtin(t),
		"like Gatekeeper's library":  gatekeeperSet(t),
		"that read their parameters": jointSet(t, together, failing, alone),
	} {
		for _, unplanned := range newEngine(t, set, engine.Options{}).Unplanned() {
			if !strings.HasPrefix(unplanned, "gatekeeper/DeepHead/") { // which chooses a rule by its name
				t.Errorf("of the rules %s, only OPA's evaluator can evaluate %s", name, unplanned)
			}
		}
	}
}
