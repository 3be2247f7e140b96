package interpreter_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
)

// FuzzPrograms holds programs against OPA's evaluator.
func FuzzPrograms(f *testing.F) {
	for _, seed := range [][2]string{
		{`result contains x if { some x in input.names; not x == "a" }`, `{"names": ["a", "b"]}`},
		{`result := [y | some i, x in input; y := [i, x]; i > 0]`, `[1, "b", {"c": null}]`},
		{`default result := false
result if { some x in input; x.a[_] == x.b }
result if every x in input { x.a }`, `[{"a": [1, 2], "b": 2}, {"a": false}]`},
		{`f(x, "a") := x.y
f(x, "b") := y if { y := x.z } else := 3
result[k] := v if { some k in {"a", "b"}; v := f(input, k) }`, `{"y": 1}`},
		{`result := {x: n | x := input[_]; n := count([1 | input[_] == x])}`, `["a", "b", "a"]`},
		{`g := input.x
result := [g, h] if h := g with input.x as 7 with input.y.z as 8`, `{"x": 1, "y": 2}`},
		{`result contains [p, v] if { walk(input, [p, v]); is_number(v) }`, `{"a": [1, {"b": 2}]}`},
		{`result contains v if { walk(input, [_, v]); v.b }
result contains count(all) if all := [v | walk(input, [_, v])]`, `{"a": [1, {"b": 2}], "b": {"b": 3}}`},
		{`f(x) := x + 1
g(x) := x + 2
h := f(input.x)
result := [h, i] if i := h with f as g with input.x as 7`, `{"x": 1}`},
		{`p.q[x].r contains y if { some x, ys in input; some y in ys }
p.q.z := 1
result := p`, `{"a": [1, 2], "b": [3]}`},
		{`result := x if { [x, {"a": y}] = input; y > 1 } else := input`, `[1, {"a": 2}]`},
		{`result if { x := data.asked[input.name]; x == 3 }
three := 3`, `{"name": "three"}`},
		{`limits.all := {"a"}
limits[k] contains v if some k, v in input
result := limits.all`, `{"all": "b"}`},
		{`p[x][y] := z if some x, ys in input; some y, z in ys
q[x] := p[x].a if some x, _ in input
result := [p, q]`, `{"a": {"a": 1}, "b": {"c": 2}}`},
		{`flag(x) := x.a if x.b
result contains x if { some x in input; not flag(x) }`, `[{"a": false, "b": 1}, {"a": 1}, {"b": 1}]`},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, input string) {
		if strings.Contains(text, ast.LocalVarPrefix) {
			t.Skip() // topdown may not return; such rules are not loaded
		}
		module, err := ast.ParseModuleWithOpts("asked.rego", "package asked\n"+text, ast.ParserOptions{RegoVersion: ast.RegoV1})
		if err != nil {
			t.Skip()
		}
		given, err := ast.ValueFromReader(strings.NewReader(input))
		if err != nil {
			t.Skip()
		}
		c := &comparison{ctx: t.Context(), modules: map[string]*ast.Module{"asked.rego": module}, input: ast.NewTerm(given), limit: time.Second, capabilities: deterministic()}
		if c.compile() != nil || !c.hasQuestion() {
			t.Skip()
		}
		if differs := difference(t, c); differs != "" {
			t.Errorf("%s\ninput: %s\n%s", text, input, differs)
		}
	})
}

// hasQuestion tells whether there is a rule to ask.
func (c *comparison) hasQuestion() bool {
	for _, rule := range c.modules["asked.rego"].Rules {
		if rule.Head.Ref().Equal(ast.Ref{ast.VarTerm("result")}) && len(rule.Head.Args) == 0 {
			return true
		}
	}
	return false
}

// deterministic returns the builtins that answer the same twice, and do not panic.
func deterministic() *ast.Capabilities {
	all := ast.CapabilitiesForThisVersion()
	all.Builtins = slices.DeleteFunc(slices.Clone(all.Builtins), func(builtin *ast.Builtin) bool {
		return builtin.Nondeterministic || strings.HasPrefix(builtin.Name, "graphql.")
	})
	return all
}
