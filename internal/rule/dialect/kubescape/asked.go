package kubescape

import (
	"github.com/open-policy-agent/opa/v1/ast"
)

// kindsAsked returns the kinds of which a body wants the object in a variable, none
// when it does not say so plainly:
//
//	pod.kind == "Pod"
//	wl.kind in ["Deployment", "Job"]
//	kinds := {"Deployment", "Job"}; kinds[wl.kind]
func kindsAsked(body ast.Body, variable ast.Var) []*ast.Term {
	for _, expr := range body {
		if expr.Negated || len(expr.With) > 0 {
			continue
		}
		if kinds := kindsIn(body, expr, variable); len(kinds) > 0 {
			return kinds
		}
	}
	return nil
}

// kindsIn returns the kinds that one expression wants.
func kindsIn(body ast.Body, expr *ast.Expr, variable ast.Var) []*ast.Term {
	if term, ok := expr.Terms.(*ast.Term); ok {
		return kindsOfSet(body, term, variable)
	}
	if len(expr.Operands()) != 2 {
		return nil
	}
	left, right := expr.Operand(0), expr.Operand(1)
	switch {
	case expr.IsEquality() || expr.Operator().Equal(ast.Equal.Ref()):
		if isKindOf(right, variable) {
			left, right = right, left
		}
		if kind, ok := value[ast.String](right); ok && isKindOf(left, variable) {
			return []*ast.Term{ast.NewTerm(kind)}
		}
	case expr.Operator().Equal(ast.Member.Ref()) && isKindOf(left, variable):
		return texts(right.Value)
	}
	return nil
}

// kindsOfSet returns the elements of the set that a body looks the kind up in.
func kindsOfSet(body ast.Body, term *ast.Term, variable ast.Var) []*ast.Term {
	ref, ok := term.Value.(ast.Ref)
	if !ok || len(ref) != 2 || !isKindOf(ref[1], variable) {
		return nil
	}
	name, _ := ref[0].Value.(ast.Var)
	for _, other := range body {
		left, right := bound(other)
		if left != nil && left.Value.Compare(name) == 0 && !other.Negated {
			set, _ := value[ast.Set](right)
			return texts(set)
		}
	}
	return nil
}

// isKindOf tells whether a term is the kind of the object in a variable.
func isKindOf(term *ast.Term, variable ast.Var) bool {
	ref, ok := value[ast.Ref](term)
	return ok && len(ref) == 2 && ref[0].Value.Compare(variable) == 0 && ref[1].Value.Compare(ast.String("kind")) == 0
}

// texts returns the elements of a collection, none when one is no plain text.
func texts(collection ast.Value) []*ast.Term {
	if collection == nil {
		return nil
	}
	elements := elementsOf(ast.NewTerm(collection))
	for _, element := range elements {
		if _, ok := element.Value.(ast.String); !ok {
			return nil
		}
	}
	return elements
}
