package engine_test

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
)

// bigPod returns a pod with so many values in an annotation-like list.
func bigPod(items int) string {
	return `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"shop"},"spec":{"containers":[{"name":"web","image":"nginx"}],"list":[` +
		strings.TrimSuffix(strings.Repeat("1,", items), ",") + `]}}`
}

const gracefulPod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"},"spec":{"terminationGracePeriodSeconds":37}}`

// doubled returns assignments that double a value so many times.
func doubled(call string, times int) string {
	lines := "x0 := input.object.metadata.name\n"
	if strings.Contains(call, "array") {
		lines = "x0 := [1, 2, 3, 4, 5, 6, 7, 8]\n"
	}
	for i := range times {
		lines += fmt.Sprintf("x%d := %s\n", i+1, strings.ReplaceAll(call, "X", fmt.Sprintf("x%d", i)))
	}
	return lines + fmt.Sprintf("count(x%d) > 0\n", times)
}

func TestRulesThatWantTooMuchAreStoppedAndNamed(t *testing.T) {
	for _, test := range []struct {
		name   string
		body   string
		object string
		cause  string
	}{
		{"a loop over a million items, again and again", "some a in input.object.spec.list\nsome b in input.object.spec.list\na + b == 3", bigPod(1_000_000), finding.CauseDeadline},
		{"a list without end", "x := [[a, b, c] | some a in numbers.range(1, 5000); some b in numbers.range(1, 5000); some c in numbers.range(1, 5000)]\ncount(x) == 1", plainPod, ""},
		{"walking through everything, again and again", "walk(input.object, [_, a])\nwalk(input.object, [_, b])\nwalk(input.object, [_, c])\na == [b, c]", bigPod(100_000), finding.CauseDeadline},
		{"a string doubled by concat", doubled(`concat("", [X, X])`, 40), plainPod, finding.CauseMemory},
		{"a string doubled by sprintf", doubled(`sprintf("%s%s", [X, X])`, 40), plainPod, finding.CauseMemory},
		{"a string doubled by a format that repeats its argument", doubled(`sprintf("%[1]s%[1]s", [X])`, 40), plainPod, finding.CauseMemory},
		{"a string doubled by an interpolation", doubled(`$"{X}{X}"`, 40), plainPod, finding.CauseMemory},
		{"a string padded by sprintf", `x := sprintf("%2000000000d", [1])` + "\ncount(x) > 0", plainPod, finding.CauseMemory},
		{"a string padded by an argument of sprintf", `x := sprintf("%*d", [2000000000, 1])` + "\ncount(x) > 0", plainPod, finding.CauseMemory},
		{"a string doubled by replace", doubled(`replace(X, "e", "eeee")`, 40), plainPod, finding.CauseMemory},
		{"a string doubled by a pattern", doubled(`regex.replace(X, "(e+)", "$1$1$1")`, 40), plainPod, finding.CauseMemory},
		{"a string encoded again and again", doubled(`base64.encode(X)`, 80), plainPod, finding.CauseMemory},
		{"a string marshalled again and again", doubled(`json.marshal([X, X])`, 40), plainPod, finding.CauseMemory},
		{"a list doubled", doubled(`array.concat(X, X)`, 40), plainPod, finding.CauseMemory},
		{"a range of a billion", "x := numbers.range(1, 1000000000)\ncount(x) > 0", plainPod, finding.CauseMemory},
		{"all addresses", `x := net.cidr_expand("10.0.0.0/4")` + "\ncount(x) > 0", plainPod, finding.CauseMemory},
		{"a number of a billion bits", "x := bits.lsh(1, 1000000000)\nx > 0", plainPod, finding.CauseMemory},
		{"a template that loops", `x := strings.render_template("{{range .a}}{{range $.a}}x{{end}}{{end}}", {"a": numbers.range(1, 100000)})` + "\ncount(x) > 0", plainPod, finding.CauseMemory},
		{"a number squared again and again", strings.NewReplacer("count(x40)", "x40", "input.object.metadata.name", "input.object.spec.terminationGracePeriodSeconds").Replace(doubled("X * X", 40)), gracefulPod, finding.CauseMemory},
		{"lists that hold another one twice, again and again, compared", doubled("[X | some _ in numbers.range(1, 2)]", 40) + "\nx40 == [x39 | some _ in numbers.range(1, 2)]", plainPod, finding.CauseMemory},
		{"such lists, sorted", doubled("[X | some _ in numbers.range(1, 2)]", 40) + "\ncount(sort(x40)) > 0", plainPod, finding.CauseMemory},
		{"such lists, looked for", doubled("[X | some _ in numbers.range(1, 2)]", 40) + "\ny := {x39: 1}\ny[x39]", plainPod, finding.CauseMemory},
		{"an object that holds another one twice, again and again", doubled(`object.union({"a": X}, {"b": X})`, 40), plainPod, finding.CauseMemory},
		{"a set that holds another one twice, again and again", doubled("{[X, a] | some a in numbers.range(1, 2)}", 40), plainPod, finding.CauseMemory},
		{"a list printed into itself", doubled(`[sprintf("%v%v", [X, X])]`, 40), plainPod, finding.CauseMemory},
		{"a list flattened again and again", doubled("array.flatten([X, X])", 40), plainPod, finding.CauseMemory},
		{"a glob quoted again and again", doubled(`glob.quote_meta(concat("*", [X, "*"]))`, 60), plainPod, finding.CauseMemory},
		{"a pattern in a long text", `x := regex.find_n("w", concat("", ["wwwwwwww" | some _ in numbers.range(1, 200000)]), -1)` + "\ncount(x) > 0", plainPod, finding.CauseMemory},
		{"a long pattern", `regex.match(concat("", ["a?b?" | some _ in numbers.range(1, 2000)]), input.object.metadata.name)`, plainPod, finding.CauseMemory},
		{"a number of a million digits in a text", `x := json.unmarshal(concat("", ["12345678" | some _ in numbers.range(1, 100000)]))` + "\nx > 1.5", plainPod, finding.CauseMemory},
		{"characters that are many", `x := trim(concat("", ["bbbb" | some _ in numbers.range(1, 20000)]), concat("", ["aaab" | some _ in numbers.range(1, 20000)]))` + "\ncount(x) == 0", plainPod, finding.CauseMemory},
		{"a patch of many steps", `x := json.patch([], [{"op": "add", "path": "0", "value": i} | some i in numbers.range(1, 20000)])` + "\ncount(x) > 0", plainPod, finding.CauseMemory},
		{"all pairs of addresses", `l := [sprintf("10.0.%d.%d/32", [a, b]) | some a in numbers.range(0, 9); some b in numbers.range(0, 255)]` + "\ncount(net.cidr_contains_matches(l, l)) > 0", plainPod, finding.CauseMemory},
		{"a template that prints", `x := strings.render_template("{{printf \"%9999d\" 1}}", {})` + "\ncount(x) > 0", plainPod, finding.CauseMemory},
		{"all paths of a small graph", "n := {a | some a in numbers.range(1, 12)}\ng := {a: n | some a in n}\nx := graph.reachable_paths(g, {1})\ncount(x) > 0", plainPod, finding.CauseMemory},
		{"all paths of a graph", "g := {a: {b | some b in numbers.range(1, 40)} | some a in numbers.range(1, 40)}\nx := graph.reachable_paths(g, {1})\ncount(x) > 0", plainPod, finding.CauseMemory},
	} {
		t.Run(test.name, func(t *testing.T) {
			set := load(t, map[string]string{
				"bad.rego":  ruleText("bad", "", "violation contains {\"msg\": \"bad\"} if {\n"+test.body+"\n}"),
				"good.rego": ruleText("good", "", goodRule),
			})
			deadline := 10 * time.Second
			switch {
			case test.cause == finding.CauseMemory:
				deadline = 2 * time.Minute // so that it is not the deadline that stops the rule, even with the race detector
			case len(test.object) > 1_000_000:
				deadline = 20 * time.Second // with the race detector, a million items take long to parse
			}
			e := newEngine(t, set, engine.Options{Deadline: deadline})
			peak := watchHeap(t)
			matches, failures, err := e.Evaluate(context.Background(), pod(t, test.object), engine.Admission)
			grown := peak()
			if err != nil {
				t.Fatal(err)
			}
			if len(matches) != 1 || matches[0].Rule.ID != "good" {
				t.Errorf("found %v, want what the good rule finds alone", matches)
			}
			if len(failures) != 1 || failures[0].Rule != "bad" || test.cause != "" && failures[0].Cause != test.cause {
				t.Errorf("failed %v, want the bad rule with cause %s", failures, test.cause)
			}
			// The million items alone take some 200 MB as Rego values.
			if grown > 1200<<20 {
				t.Errorf("%d MB more were held at a time", grown>>20)
			}
			t.Logf("%d MB more at the peak, %v", grown>>20, failures)
		})
	}
}

// watchHeap returns a function that ends the watch and returns by how many bytes
// the objects in memory have grown at most.
func watchHeap(t testing.TB) func() uint64 {
	t.Helper()
	runtime.GC()
	read := func() uint64 {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	before := read()
	var peak atomic.Uint64
	ended := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			peak.Store(max(peak.Load(), read()))
			select {
			case <-ended:
				return
			case <-tick.C:
			}
		}
	})
	return func() uint64 {
		close(ended)
		watching.Wait()
		return peak.Load() - min(before, peak.Load())
	}
}

// took remembers what rules are said to have taken.
type took struct {
	counts
	mu   sync.Mutex
	over []string
	runs map[string]int
}

func (c *took) RuleTook(rule string, _ time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.runs == nil {
		c.runs = make(map[string]int)
	}
	c.runs[rule]++
}

func (c *took) RuleOverBudget(rule string, _ time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = append(c.over, rule)
}

func TestARuleOverItsBudgetIsNamed(t *testing.T) {
	set := load(t, map[string]string{
		"slow.rego": ruleText("slow", "", "violation contains {\"msg\": \"slow\"} if {\nsome a in input.object.spec.list\nsome b in input.object.spec.list\na + b == 3\n}"),
		"good.rego": ruleText("good", "", goodRule),
	})
	recorder := &took{}
	e := newEngine(t, set, engine.Options{Deadline: time.Minute, Budget: time.Nanosecond, CacheSize: -1, Recorder: recorder})
	res := pod(t, bigPod(100))
	for range 64 { // what rules take is recorded once in so many times
		if _, failures, err := e.Evaluate(context.Background(), res, engine.Admission); err != nil || len(failures) > 0 {
			t.Fatal(err, failures)
		}
	}
	if !slices.Contains(recorder.over, "slow") || recorder.runs["slow"] != 1 || recorder.runs["good"] != 1 {
		t.Errorf("over their budget %v, recorded %v", recorder.over, recorder.runs)
	}
}

func TestTheNextObjectsDoNotWaitForASlowRuleAgain(t *testing.T) {
	set := load(t, map[string]string{
		"slow.rego": ruleText("slow", "", "violation contains {\"msg\": \"slow\"} if {\nsome a in input.object.spec.list\nsome b in input.object.spec.list\na + b == 3\n}"),
		"good.rego": ruleText("good", "", goodRule),
	})
	const deadline, budget = 2 * time.Second, 20 * time.Millisecond
	e := newEngine(t, set, engine.Options{Deadline: deadline, Budget: budget, CacheSize: -1})
	res := pod(t, bigPod(20_000))
	spent := [2]time.Duration{math.MaxInt64, math.MaxInt64}
	for i := range 4 {
		start := time.Now()
		matches, failures, err := e.Evaluate(context.Background(), res, engine.Admission)
		took := time.Since(start)
		if err != nil || len(matches) != 1 || len(failures) != 1 || failures[0].Rule != "slow" {
			t.Fatal(matches, failures, err)
		}
		spent[min(i, 1)] = min(spent[min(i, 1)], took)
	}
	if spent[1]*4 > spent[0] {
		t.Errorf("the first object took %v, the quickest after it %v; the slow rule should get %v of them", spent[0], spent[1], budget)
	}
}
