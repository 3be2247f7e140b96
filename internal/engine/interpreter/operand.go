package interpreter

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
)

// operand is a constant or a variable.
type operand struct {
	constant *ast.Term
	local    ir.Local
}

func (o operand) get(f *frame) *ast.Term {
	if o.constant != nil {
		return o.constant
	}
	return f.locals[o.local]
}

// The terms that builtins answer with as well.
var (
	isTrue  = ast.InternedTerm(true)
	isFalse = ast.InternedTerm(false)
	isNull  = ast.InternedNullTerm
)

func boolean(value bool) *ast.Term {
	if value {
		return isTrue
	}
	return isFalse
}

// integer returns a number's term, which must not be changed.
func integer(n int) *ast.Term { return ast.InternedTerm(n) }

// isDenied tells whether a statement that yields a term does not hold.
func isDenied(term *ast.Term) bool {
	value, ok := term.Value.(ast.Boolean)
	return ok && !bool(value)
}

// size returns how many elements a term has; false when it has none to count.
func size(term *ast.Term) (int, bool) {
	switch value := term.Value.(type) {
	case ast.Object:
		return value.Len(), true
	case *ast.Array:
		return value.Len(), true
	case ast.Set:
		return value.Len(), true
	}
	return 0, false
}
