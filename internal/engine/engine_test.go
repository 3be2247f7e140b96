package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// ruleText returns a rule file on pods with the given body after the package.
func ruleText(id, more, body string) string {
	return fmt.Sprintf("# METADATA\n# title: Test\n# custom:\n#   reeve:\n#     severity: low\n#     kinds: [Pod]\n%spackage reeve.test.%s\n%s\n", more, id, body)
}

// load returns the set of rule files given as name and text.
func load(t testing.TB, files map[string]string) *rule.Set {
	t.Helper()
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	set, problems := source.Load(dialect.All(), source.Source{FS: tree, Name: "rules"})
	for _, problem := range problems {
		t.Fatal(problem)
	}
	return set
}

func pod(t testing.TB, text string) *resource.Resource {
	t.Helper()
	res, err := resource.FromObject([]byte(text), schema.GroupVersionKind{})
	if err != nil {
		t.Fatal(err)
	}
	res.Operation = resource.Create
	return res
}

const plainPod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"shop"},"spec":{"containers":[{"name":"web","image":"nginx"}]}}`

const goodRule = `violation contains {"msg": "seen"} if input.object.kind == "Pod"`

// counts is a Recorder that remembers.
type counts struct {
	mu           sync.Mutex
	failures     []string
	hits, misses int
}

func (c *counts) RuleFailed(rule, cause string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures = append(c.failures, rule+" "+cause)
}

func (c *counts) CacheLookup(hit bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if hit {
		c.hits++
	} else {
		c.misses++
	}
}

func TestAFailingRuleIsNamedCountedAndDoesNotHideTheOthers(t *testing.T) {
	for _, test := range []struct {
		name, body, cause string
	}{
		{"a conflict between two results", "violation contains {\"msg\": answer}\nanswer := \"a\"\nanswer := \"b\" if input.object.kind == \"Pod\"", finding.CauseEval},
		{"a builtin that cannot work on its input", `violation contains {"msg": "x"} if to_number(input.object.metadata.name) > 1`, finding.CauseBuiltin},
		{"a builtin error inside a negation", `violation contains {"msg": "x"} if not to_number(input.object.metadata.name) == 1`, finding.CauseBuiltin},
		{"a finding without a message", `violation contains {"path": "spec"} if input.object.kind == "Pod"`, finding.CauseResult},
		{"a finding that is a number", `violation contains 7 if input.object.kind == "Pod"`, finding.CauseResult},
		{"an endless loop", "violation contains {\"msg\": \"x\"} if {\n some a in numbers.range(1, 5000)\n some b in numbers.range(1, 5000)\n a * b == -1\n}", finding.CauseDeadline},
	} {
		t.Run(test.name, func(t *testing.T) {
			recorder := &counts{}
			set := load(t, map[string]string{"bad.rego": ruleText("bad", "", test.body), "good.rego": ruleText("good", "", goodRule)})
			e := newEngine(t, set, engine.Options{Recorder: recorder, Deadline: 400 * time.Millisecond})
			for range 2 { // a failed verdict must not be cached either
				matches, failures, err := e.Evaluate(context.Background(), pod(t, plainPod), engine.Admission)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.ContainsFunc(matches, func(m engine.Match) bool { return m.Rule.ID == "good" }) {
					t.Error("the good rule's finding is missing")
				}
				if slices.ContainsFunc(failures, func(f finding.RuleError) bool { return f.Rule == "good" }) {
					t.Errorf("the good rule is blamed: %v", failures)
				}
				if len(failures) != 1 || failures[0].Rule != "bad" || failures[0].Cause != test.cause || failures[0].Message == "" {
					t.Errorf("failures %v; want one of rule bad with cause %s", failures, test.cause)
				}
			}
			if want := []string{"bad " + test.cause, "bad " + test.cause}; !slices.Equal(recorder.failures, want) {
				t.Errorf("counted %v, want %v", recorder.failures, want)
			}
		})
	}
}

func TestADeadlineEndsEveryEvaluation(t *testing.T) {
	loop := "violation contains {\"msg\": \"x\"} if {\n some a in numbers.range(1, 5000)\n some b in numbers.range(1, 5000)\n a * b == -1\n}"
	files := map[string]string{}
	for i := range 5 {
		files[fmt.Sprintf("r%d.rego", i)] = ruleText(fmt.Sprintf("r%d", i), "", loop)
	}
	e := newEngine(t, load(t, files), engine.Options{Deadline: 100 * time.Millisecond})
	_, failures, err := e.Evaluate(context.Background(), pod(t, plainPod), engine.Admission)
	if err != nil || len(failures) != 5 {
		t.Errorf("failures %v, error %v; want all five rules named", failures, err)
	}
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	_, failures, err = e.Evaluate(canceled, pod(t, plainPod), engine.Admission)
	if err != nil || len(failures) != 5 {
		t.Errorf("canceled: failures %v, error %v; want all five rules named", failures, err)
	}
}

func TestFilesThatDoNotCompileAreLeftOutAndNamed(t *testing.T) {
	set := load(t, map[string]string{
		"good.rego":      ruleText("good", "", goodRule),
		"unsafe.rego":    ruleText("unsafe", "", "violation contains {\"msg\": x} if input.object.kind == \"Pod\""),
		"undefined.rego": ruleText("undefined", "", `violation contains {"msg": "x"} if nonsense(input)`),
		"library.rego":   "package reeve.lib.l\nlist := input.parameters.list\n",
		"shadow.rego":    ruleText("shadow", "", "violation contains {\"msg\": \"x\"} if f(1)\nf(input) := input"),
		"type.rego":      ruleText("type", "", `violation contains {"msg": "x"} if 1 + "a" == 2`),
	})
	e, problems, err := engine.New(set, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, problem := range problems {
		got = append(got, problem.File)
		if problem.Message == "" {
			t.Errorf("%s: no reason", problem.File)
		}
	}
	want := []string{"rules/library.rego", "rules/shadow.rego", "rules/type.rego", "rules/undefined.rego", "rules/unsafe.rego"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
	if len(e.Set().Rules()) != 1 {
		t.Errorf("%d rules remain, want 1", len(e.Set().Rules()))
	}
}

func TestParametersAreEachRulesOwn(t *testing.T) {
	parameter := func(word string) string {
		return "#     parameters:\n#       word: {type: string, default: " + word + "}\n"
	}
	body := "import input.parameters as settings\nviolation contains {\"msg\": input.parameters.word} if { every w in [input.parameters.word] { w != \"\" } }\n" +
		"violation contains {\"msg\": concat(\"\", [\"again \", word])} if some word in [x | x := settings.word]\n" +
		"violation contains {\"msg\": replaced} if replaced := input.parameters.word with input.parameters.word as \"other\"\n"
	e := newEngine(t, load(t, map[string]string{
		"a.rego": ruleText("a", parameter("apple"), body),
		"b.rego": ruleText("b", parameter("berry"), body),
	}), engine.Options{})
	want := []string{"a again apple", "a apple", "a other", "b again berry", "b berry", "b other"}
	if diff := cmp.Diff(want, messages(t, e, pod(t, plainPod))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// messages returns rule and message of every match, sorted.
func messages(t testing.TB, e *engine.Engine, res *resource.Resource) []string {
	t.Helper()
	matches, failures, err := e.Evaluate(context.Background(), res, engine.Admission)
	if err != nil || len(failures) > 0 {
		t.Fatal(err, failures)
	}
	var texts []string
	for _, match := range matches {
		texts = append(texts, match.Rule.ID+" "+match.Message)
	}
	slices.Sort(texts)
	return texts
}

func TestEveryEntryPointHasItsOwnMode(t *testing.T) {
	e := newEngine(t, load(t, map[string]string{
		"modes.rego": ruleText("modes", "", "deny contains \"denied\" if input.object.kind == \"Pod\"\nwarn contains \"warned\" if input.object.kind == \"Pod\"\nviolation contains \"own\" if input.object.kind == \"Pod\""),
		// The same package in a second file, without METADATA of its own.
		"more.rego": "package reeve.test.modes\nhelper := 1\n",
	}), engine.Options{})
	matches, failures, err := e.Evaluate(context.Background(), pod(t, plainPod), engine.Admission)
	if err != nil || len(failures) > 0 {
		t.Fatal(err, failures)
	}
	var got []string
	for _, match := range matches {
		got = append(got, fmt.Sprintf("%s %s %s", match.Rule.ID, match.Message, match.Mode))
	}
	slices.Sort(got)
	want := []string{"modes denied deny", "modes own warn", "modes warned warn"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestARuleWhoseInventoryIsUnknownDoesNotJudge(t *testing.T) {
	need := "#     inventory:\n#     - kind: ConfigMap\n"
	set := load(t, map[string]string{
		"needy.rego": ruleText("needy", need, `violation contains {"msg": "no config map"} if not data.inventory.namespace[input.object.metadata.namespace].v1.ConfigMap.settings`),
		"good.rego":  ruleText("good", "", goodRule),
	})
	inventory := engine.NewInventory()
	e := newEngine(t, set, engine.Options{Inventory: inventory})
	kind := schema.GroupKind{Kind: "ConfigMap"}
	judge := func() (found, causes []string) {
		matches, failures, err := e.Evaluate(context.Background(), pod(t, plainPod), engine.Admission)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range matches {
			found = append(found, match.Rule.ID)
		}
		for _, failure := range failures {
			causes = append(causes, failure.Rule+" "+failure.Cause+": "+failure.Message)
		}
		slices.Sort(found)
		return found, causes
	}
	check := func(when string, wantFound []string, wantCause string) {
		t.Helper()
		found, causes := judge()
		if diff := cmp.Diff(wantFound, found); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
		if (wantCause == "") != (len(causes) == 0) || wantCause != "" && !strings.Contains(causes[0], wantCause) {
			t.Errorf("%s: causes %v, want %q", when, causes, wantCause)
		}
	}
	check("before the first list", []string{"good"}, "needy inventory: the inventory has no ConfigMap: not loaded yet")
	inventory.Fail(kind, "configmaps is forbidden")
	check("without permission", []string{"good"}, "configmaps is forbidden")
	if err := inventory.Replace(kind, nil); err != nil {
		t.Fatal(err)
	}
	check("with an empty list", []string{"good", "needy"}, "")
	settings := pod(t, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings","namespace":"shop"}}`)
	if err := inventory.Put(settings); err != nil {
		t.Fatal(err)
	}
	check("with the object", []string{"good"}, "")
	inventory.Delete(settings)
	check("after its deletion", []string{"good", "needy"}, "")
}

func TestEvaluateIsSafeForConcurrentUse(t *testing.T) {
	e := newEngine(t, enginetest.Many(t), engine.Options{CacheSize: 2})
	var wait sync.WaitGroup
	for worker := range 4 {
		wait.Go(func() {
			for i := range 20 {
				text := strings.Replace(plainPod, `"nginx"`, fmt.Sprintf(`"nginx:%d"`, (worker+i)%5), 1)
				if _, failures, err := e.Evaluate(context.Background(), pod(t, text), engine.Admission); err != nil || len(failures) > 0 {
					t.Error(err, failures)
				}
			}
		})
	}
	wait.Wait()
}

func (c *counts) RuleTook(string, time.Duration)       {}
func (c *counts) RuleOverBudget(string, time.Duration) {}
