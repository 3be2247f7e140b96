package interpreter

import (
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// operands are values of every kind, some of them in several spellings.
var operands = []string{
	`null`, `true`, `false`, `0`, `1`, `1.0`, `10`, `-3`, `1e3`, `""`, `"a"`, `"abc"`, `"c"`, `"äöü"`, `"ü"`, `"日本"`,
	`[]`, `[1]`, `[1.0, "a"]`, `["a", ["b"]]`, `{}`, `{"a": 1}`, `{"b": "a"}`, `set()`, `{1}`, `{"a", "b"}`, `{[1], {"a": 1}}`,
}

func TestQuickAnswersAreTheBuiltins(t *testing.T) {
	answered := 0
	for name, quick := range quickly {
		arity := ast.BuiltinMap[name].Decl.Arity()
		builtin := topdown.GetBuiltin(name)
		for _, first := range operands {
			for _, second := range operands {
				terms := []*ast.Term{ast.MustParseTerm(first), ast.MustParseTerm(second)}[:arity]
				b := terms[arity-1]
				got := quick(terms[0], b)
				if got == nil {
					continue
				}
				answered++
				var want *ast.Term
				err := builtin(topdown.BuiltinContext{}, terms, func(term *ast.Term) error {
					want = term
					return nil
				})
				if err != nil || want == nil || want.Value.Compare(got.Value) != 0 {
					t.Errorf("%s(%s, %s) is %v; the builtin: %v, error %v", name, first, second, got, want, err)
				}
			}
		}
	}
	if answered < 1000 {
		t.Errorf("only %d answers", answered)
	}
}
