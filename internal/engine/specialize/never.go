package specialize

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// nowhere is a reference that is undefined wherever it stands, and so is all below it.
var nowhere = ast.MustParseRef("input.reeve_nowhere")

// isImpossible tells whether a body is known not to be true, whatever the input.
func isImpossible(body ast.Body) bool { return slices.ContainsFunc(body, isNever) }

// isNever tells whether an expression is known not to be true.
func isNever(expression *ast.Expr) bool {
	if expression.Negated {
		return false
	}
	switch terms := expression.Terms.(type) {
	case *ast.Term:
		return isNowhere(terms)
	case []*ast.Term:
		return slices.ContainsFunc(terms, isNowhere)
	}
	return false
}

// isAlways tells whether an expression is known to be true: the negation of what is
// undefined. That of a call is not, where it is given what is undefined: then the
// whole body is.
func isAlways(expression *ast.Expr) bool {
	term, ok := expression.Terms.(*ast.Term)
	return ok && expression.Negated && isNowhere(term) && areDefined(term.Value.(ast.Ref)[len(nowhere):])
}

func isNowhere(term *ast.Term) bool {
	ref, ok := term.Value.(ast.Ref)
	return ok && ref.HasPrefix(nowhere)
}

// areDefined tells whether terms are never undefined: constants, and variables that
// have a value by then.
func areDefined(terms []*ast.Term) bool {
	return !slices.ContainsFunc(terms, func(term *ast.Term) bool {
		_, isVar := term.Value.(ast.Var)
		return !isVar && !ast.IsScalar(term.Value)
	})
}
