package interpreter_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/kubereeve/reeve/internal/engine/interpreter"
)

// program compiles a module's rules and returns those that are named.
func program(t *testing.T, text string, names ...string) (*interpreter.Program, []interpreter.Rule) {
	t.Helper()
	c := parse(t, text, "{}")
	refs := make([]ast.Ref, len(names))
	for i, name := range names {
		refs[i] = ast.MustParseRef("data.asked." + name)
	}
	made, err := interpreter.New(c.compiler, refs, nil)
	if err != nil {
		t.Fatal(err)
	}
	rules := make([]interpreter.Rule, len(names))
	for i, ref := range refs {
		var ok bool
		if rules[i], ok = made.Rule(ref); !ok {
			t.Fatalf("%s cannot be planned", ref)
		}
	}
	return made, rules
}

// start begins a run about an input.
func start(of *interpreter.Program, input string, cancel *interpreter.Cancel) *interpreter.Run {
	return of.Start(ast.MustParseTerm(input), ast.ObjectTerm(), cancel)
}

func TestWhatRulesHaveInCommonIsWorkedOutOnce(t *testing.T) {
	made, rules := program(t, `
chance := rand.intn("x", 1000000000)
a := [chance, 1]
b := [chance, 1]
`, "a", "b")
	run := start(made, "{}", &interpreter.Cancel{})
	a, _, _ := run.Ask(t.Context(), rules[0])
	b, _, _ := run.Ask(t.Context(), rules[1])
	if a == nil || a.Value.Compare(b.Value) != 0 {
		t.Errorf("%v is not %v", a, b)
	}
}

func TestABuiltinThatFailsIsToldToAllWhoDependOnIt(t *testing.T) {
	made, rules := program(t, `
number := to_number(input.word)
a if not number
b if not number
c if input.word
`, "a", "b", "c")
	run := start(made, `{"word": "x"}`, &interpreter.Cancel{})
	for i, want := range []bool{true, true, false} {
		value, skipped, err := run.Ask(t.Context(), rules[i])
		if err != nil || value == nil || (skipped != nil) != want {
			t.Errorf("rule %d: %v, skipped %v, error %v; want a failed builtin: %t", i, value, skipped, err, want)
		}
		if skipped != nil && !strings.Contains(skipped.Error(), "asked.rego:3") {
			t.Errorf("%v does not say where", skipped)
		}
	}
}

func TestOneRuleThatFailsLeavesTheOthers(t *testing.T) {
	made, rules := program(t, `
name := input.names[_]
f(x) := input.names[_] if x
bad := name
worse := f(1)
good := count(input.names)
`, "bad", "worse", "good")
	run := start(made, `{"names": ["a", "b"]}`, &interpreter.Cancel{})
	for i, want := range []string{"rule data.asked.name produced conflicting values", "function data.asked.f produced conflicting values", ""} {
		value, _, err := run.Ask(t.Context(), rules[i])
		if want == "" && (err != nil || value == nil) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("rule %d: %v, error %v; want %q", i, value, err, want)
		}
	}
}

func TestARunIsEndedFromOutside(t *testing.T) {
	for _, test := range []struct{ name, text string }{
		{"in a loop", `result if { some a in numbers.range(1, 3000); some b in numbers.range(1, 3000); some c in numbers.range(1, 3000); a + b + c == 0 }`},
		{"in a walk", `result if { walk(input, [_, a]); walk(input, [_, b]); walk(input, [_, c]); a == [b, c] }`},
		{"in functions", `f(x) if { some y in numbers.range(1, 3000); g(x + y) }
g(x) if { some y in numbers.range(1, 3000); x + y == 0 }
result if { some x in numbers.range(1, 3000); f(x) }`},
	} {
		t.Run(test.name, func(t *testing.T) {
			made, rules := program(t, test.text+"\ngood := 1", "result", "good")
			var cancel interpreter.Cancel
			long := "[" + strings.Repeat("1,", 5000) + "1]"
			run := start(made, long, &cancel)
			time.AfterFunc(20*time.Millisecond, cancel.Cancel)
			if value, _, err := run.Ask(t.Context(), rules[0]); !topdown.IsCancel(err) {
				t.Fatalf("%v, error %v; want that it was cancelled", value, err)
			}
			cancel.Reset()
			if value, _, err := run.Ask(t.Context(), rules[1]); err != nil || value == nil {
				t.Errorf("the next question: %v, error %v", value, err)
			}
		})
	}
}

func TestProgramsServeManyAtOnce(t *testing.T) {
	made, rules := program(t, `result contains [x, count(all)] if { all := [y | y := input.names[_]]; some x in all; not x in object.get(input, "without", []) }`, "result")
	var everyone sync.WaitGroup
	for range 8 {
		everyone.Go(func() {
			for range 200 {
				run := start(made, `{"names": ["a", "b", "c"], "without": ["b"]}`, &interpreter.Cancel{})
				value, _, err := run.Ask(context.Background(), rules[0])
				if err != nil || value.String() != `{["a", 3], ["c", 3]}` {
					t.Errorf("%v, error %v", value, err)
				}
				run.Release()
			}
		})
	}
	everyone.Wait()
}

func TestWhatCannotBePlannedIsLeftOut(t *testing.T) {
	c := parse(t, `
p[x].a := 1 if some x in ["k"]
p[x].b := p.k.a if some x in ["l"]
result contains x if { p.l.b; x := 1 }
unifies if [[1, x], [3, x]] = [[1, y], [3, 4]]
unbound if not unifies
good := 1`, "{}")
	good := ast.MustParseRef("data.asked.good")
	unbound := ast.MustParseRef("data.asked.unbound")
	made, err := interpreter.New(c.compiler, []ast.Ref{question, good, unbound, ast.MustParseRef("data.asked.nowhere")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range []ast.Ref{question, unbound} {
		if _, ok := made.Rule(ref); ok {
			t.Errorf("%s can be planned", ref)
		}
	}
	if _, ok := made.Rule(good); !ok {
		t.Error("a rule that can be planned is left out, too")
	}
}

func TestAMistakeOfABuiltinIsAnError(t *testing.T) {
	c := parse(t, "result := count(input)\ngood := 1", "[1]")
	broken := map[string]*topdown.Builtin{"count": {Decl: ast.Count, Func: func(topdown.BuiltinContext, []*ast.Term, func(*ast.Term) error) error {
		panic("out of order")
	}}}
	good := ast.MustParseRef("data.asked.good")
	made, err := interpreter.New(c.compiler, []ast.Ref{question, good}, broken)
	if err != nil {
		t.Fatal(err)
	}
	run := c.start(made)
	rule, _ := made.Rule(question)
	if _, _, err := run.Ask(t.Context(), rule); err == nil || !strings.Contains(err.Error(), "out of order") {
		t.Errorf("error %v", err)
	}
	rule, _ = made.Rule(good)
	if value, _, err := run.Ask(t.Context(), rule); err != nil || value == nil {
		t.Errorf("the next question: %v, error %v", value, err)
	}
}
