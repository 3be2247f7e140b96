package engine_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/resource"
)

const wordsRule = "#     parameters:\n#       word: {type: string, default: apple}\n#       words: {type: array, items: string, default: []}\n"

func TestParametersThatAreSetTakeThePlaceOfDefaults(t *testing.T) {
	body := "violation contains {\"msg\": input.parameters.word}\nviolation contains {\"msg\": word} if some word in input.parameters.words"
	set := load(t, map[string]string{
		"a.rego": ruleText("a", wordsRule, body),
		"b.rego": ruleText("b", wordsRule, body),
	})
	e := newEngine(t, set, engine.Options{Parameters: map[string]map[string]any{
		"b": {"words": []any{"plum", "quince"}},
	}})
	want := []string{"a apple", "b apple", "b plum", "b quince"}
	if diff := cmp.Diff(want, messages(t, e, pod(t, plainPod))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	again := newEngine(t, set, engine.Options{})
	if diff := cmp.Diff([]string{"a apple", "b apple"}, messages(t, again, pod(t, plainPod))); diff != "" {
		t.Errorf("the defaults were changed for others (-want +got):\n%s", diff)
	}
}

func TestParametersThatNoRuleHasAreRefused(t *testing.T) {
	set := load(t, map[string]string{
		"a.rego": ruleText("a", wordsRule, goodRule),
		"b.rego": ruleText("b", "", goodRule),
	})
	for name, test := range map[string]struct {
		rule   string
		values map[string]any
		want   string
	}{
		"another rule":      {"c", nil, "parameters of rule c: there is no such rule; see reeve rules list"},
		"another parameter": {"a", map[string]any{"wrod": "x"}, "parameters of rule a: wrod: there is no such parameter; use one of word, words"},
		"no parameters":     {"b", map[string]any{"word": "x"}, "parameters of rule b: word: the rule has no parameters; remove it"},
		"another type":      {"a", map[string]any{"word": 7.0}, "parameters of rule a: word: 7 is not of type string"},
		"null":              {"a", map[string]any{"word": nil}, "parameters of rule a: word: <nil> is not of type string"},
		"items":             {"a", map[string]any{"words": []any{"x", true}}, "parameters of rule a: words: item 1: true is not of type string"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := engine.New(set, engine.Options{Parameters: map[string]map[string]any{test.rule: test.values}})
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestARuleIsOffWhileItsParameterIsEmpty(t *testing.T) {
	off := "#     parameters:\n#       words: {type: array, items: string, default: [], offWhileEmpty: true}\n"
	set := load(t, map[string]string{
		// It would find something in any case, and read the name, which no verdict that is cached may.
		"a.rego": ruleText("a", off, `violation contains {"msg": input.object.metadata.name}`),
	})
	kind := schema.GroupKind{Kind: "Pod"}
	if e := newEngine(t, set, engine.Options{}); e.Judges(kind, engine.Admission) || len(e.Set().Rules()) != 1 {
		t.Error("the rule is asked while its parameter is empty, or has gone from the set")
	}
	e := newEngine(t, set, engine.Options{Parameters: map[string]map[string]any{"a": {"words": []any{"x"}}}})
	if diff := cmp.Diff([]string{"a web"}, messages(t, e, pod(t, plainPod))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestARuleJudgesWithoutWhatIsOptional(t *testing.T) {
	need := "#     inventory:\n#     - {kind: ConfigMap, optional: true}\n"
	set := load(t, map[string]string{"a.rego": ruleText("a", need,
		`violation contains {"msg": "no config map"} if not data.inventory.namespace[input.object.metadata.namespace].v1.ConfigMap.settings`)})
	inventory := engine.NewInventory()
	without, with := newEngine(t, set, engine.Options{}), newEngine(t, set, engine.Options{Inventory: inventory})
	want := []string{"a no config map"}
	if diff := cmp.Diff(want, messages(t, without, pod(t, plainPod))); diff != "" {
		t.Errorf("without an inventory (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, messages(t, with, pod(t, plainPod))); diff != "" {
		t.Errorf("before the first list (-want +got):\n%s", diff)
	}
	inventory.Fail(schema.GroupKind{Kind: "ConfigMap"}, "forbidden")
	if diff := cmp.Diff(want, messages(t, with, pod(t, plainPod))); diff != "" {
		t.Errorf("without permission (-want +got):\n%s", diff)
	}
	if err := inventory.Put(pod(t, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings","namespace":"shop"}}`)); err != nil {
		t.Fatal(err)
	}
	if matches, failures, err := with.Evaluate(context.Background(), pod(t, plainPod), engine.Admission); err != nil || len(matches)+len(failures) > 0 {
		t.Errorf("with the object: %v %v %v", matches, failures, err)
	}
}

func TestOverlaysSetParametersForSomeResources(t *testing.T) {
	listRule := "#     parameters:\n#       words: {type: array, items: string, default: [], offWhileEmpty: true}\n"
	set := load(t, map[string]string{
		"a.rego": ruleText("a", wordsRule, `violation contains {"msg": input.parameters.word}`),
		"b.rego": ruleText("b", listRule, `violation contains {"msg": sprintf("%d words", [count(input.parameters.words)])}`),
	})
	inShop := func(res *resource.Resource) bool { return res.Identity.Namespace == "shop" }
	for name, test := range map[string]struct {
		overlays []engine.Overlay
		want     []string
	}{
		"none":                                  {nil, []string{"a apple"}},
		"always":                                {[]engine.Overlay{{Parameters: map[string]map[string]any{"a": {"word": "plum"}}}}, []string{"a plum"}},
		"where it is":                           {[]engine.Overlay{{map[string]map[string]any{"a": {"word": "plum"}}, inShop}}, []string{"a plum"}},
		"elsewhere":                             {[]engine.Overlay{{map[string]map[string]any{"a": {"word": "plum"}}, func(r *resource.Resource) bool { return !inShop(r) }}}, []string{"a apple"}},
		"the last one":                          {[]engine.Overlay{{map[string]map[string]any{"a": {"word": "plum"}}, inShop}, {map[string]map[string]any{"a": {"word": "pear"}}, inShop}}, []string{"a pear"}},
		"a rule that is off without it":         {[]engine.Overlay{{map[string]map[string]any{"b": {"words": []any{"x", "y"}}}, inShop}}, []string{"a apple", "b 2 words"}},
		"a rule that stays off where it is not": {[]engine.Overlay{{map[string]map[string]any{"b": {"words": []any{"x", "y"}}}, func(r *resource.Resource) bool { return !inShop(r) }}}, []string{"a apple"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t, set, engine.Options{Overlays: test.overlays})
			for range 2 { // the second time from the cache
				if diff := cmp.Diff(test.want, messages(t, e, pod(t, plainPod))); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
	wrong := []engine.Overlay{{Parameters: map[string]map[string]any{"a": {"word": 7}}}}
	if _, _, err := engine.New(set, engine.Options{Overlays: wrong}); err == nil {
		t.Error("a value of another type was taken")
	}
}
