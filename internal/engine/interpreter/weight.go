package interpreter

import (
	"errors"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

const (
	// maxWeight is how many values a value may consist of that is compared with another
	// one or handed to a builtin, each counted as often as it stands there: x1 := [x0, x0],
	// x2 := [x1, x1] and so on are a few lists, and after forty lines 2^40 values to
	// whatever compares, prints or walks them, and nothing can end it.
	maxWeight = 1 << 22
	// maxFolded is how much a constant may weigh that is made of others.
	maxFolded = 1 << 16
)

// ErrTooMuch says that a rule would have made more than it may.
var ErrTooMuch = errors.New("too much memory")

// holdsOthers tells whether a value may hold others.
func holdsOthers(term *ast.Term) bool {
	if term == nil {
		return false
	}
	switch term.Value.(type) {
	case ast.String, ast.Number, ast.Boolean, ast.Null:
		return false
	}
	return true
}

// compares fails when comparing two values would take too long. It takes as long as the
// lighter one weighs.
func (r *Run) compares(a, b *ast.Term) signal {
	if holdsOthers(a) && holdsOthers(b) && !r.scale.bears(a) && !r.scale.bears(b) {
		return r.fail(errTooHeavy)
	}
	return next
}

// takes fails when a value is too heavy to be walked.
func (r *Run) takes(term *ast.Term) signal {
	if holdsOthers(term) && !r.scale.bears(term) {
		return r.fail(errTooHeavy)
	}
	return next
}

var errTooHeavy = fmt.Errorf("%w: a value of more than %d others, each counted as often as it stands there", ErrTooMuch, maxWeight)

// scale weighs values, without allocating anything.
type scale struct {
	most, left int
	element    func(*ast.Term) bool // tells whether it is too much
	field      func(key, value *ast.Term) bool
}

func newScale(most int) *scale {
	s := &scale{most: most}
	s.element = func(term *ast.Term) bool { return !s.adds(term) }
	s.field = func(key, value *ast.Term) bool { return !s.adds(key) || !s.adds(value) }
	return s
}

// bears tells whether values weigh no more than the most together.
func (s *scale) bears(terms ...*ast.Term) bool {
	s.left = s.most
	return !slices.ContainsFunc(terms, s.element)
}

// adds tells whether there is room for one more value, and takes it.
func (s *scale) adds(term *ast.Term) bool {
	if s.left--; s.left < 0 {
		return false
	}
	switch value := term.Value.(type) {
	case *ast.Array:
		return !value.Until(s.element)
	case ast.Set:
		return !value.Until(s.element)
	case ast.Object:
		return !value.Until(s.field)
	}
	return true
}
