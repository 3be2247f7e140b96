package interpreter

import (
	"errors"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

const (
	// maxWeight is how many values a value may consist of, each counted as often as it
	// stands there: x1 := [x0, x0], x2 := [x1, x1] and so on are a few lists, and after
	// forty lines 2^40 values to whatever compares, prints or walks them. No builtin
	// can be ended while it does.
	maxWeight = 1 << 20
	// lightWeight is up to what weight values are weighed again each time, and how many
	// values of what rules did not make are looked at.
	lightWeight = 64
	// maxFolded is how much a constant may weigh that is made of others.
	maxFolded = 1 << 16
)

// ErrTooMuch says that a rule would have made more than it may.
var ErrTooMuch = errors.New("too much memory")

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

// holds takes note that a value holds some more, and fails when they are too many. A
// value must be noted before another one holds it.
func (r *Run) holds(holder ast.Value, terms ...*ast.Term) signal {
	weight := 0
	for _, term := range terms {
		if holdsOthers(term) {
			weight += r.weight(term)
		}
	}
	if weight == 0 {
		return next
	}
	if before := r.weights[holder]; before > 0 || weight > lightWeight {
		return r.weighs(holder, before+weight)
	}
	if len(terms) > 1 { // it is whole, and light
		return next
	}
	return r.weighs(holder, weight)
}

// adds takes note that a list was made of another one and a value.
func (r *Run) adds(made, list *ast.Array, term *ast.Term) signal {
	if before := r.weights[list]; before > 0 {
		r.weights[made] = before
	}
	return r.holds(made, term)
}

// picks are builtins that return a part of what they are given as it is, or what holds
// no lists.
var picks = map[string]bool{"object.get": true, "split": true, "max": true, "min": true}

// made takes note of what a builtin has made of others.
func (r *Run) made(term *ast.Term) signal {
	var parts []*ast.Term
	add := func(term *ast.Term) {
		if holdsOthers(term) {
			parts = append(parts, term)
		}
	}
	switch value := term.Value.(type) {
	case *ast.Array:
		value.Foreach(add)
	case ast.Set:
		value.Foreach(add)
	case ast.Object:
		value.Foreach(func(_, term *ast.Term) { add(term) })
	}
	if len(parts) == 0 {
		return next
	}
	delete(r.weights, term.Value) // it may be one of those that it was given
	return r.holds(term.Value, parts...)
}

// forget forgets all weights.
func (r *Run) forget() {
	if len(r.weights) > 1<<12 {
		r.weights = nil
	}
	clear(r.weights)
}

func (r *Run) weighs(holder ast.Value, weight int) signal {
	if weight > maxWeight {
		return r.fail(fmt.Errorf("%w: a value that holds others %d times; at most %d are allowed", ErrTooMuch, weight, maxWeight))
	}
	if r.weights == nil {
		r.weights = make(map[ast.Value]int)
	}
	r.weights[holder] = weight
	return next
}

// weight returns how many values a list or an object consists of, about.
func (r *Run) weight(term *ast.Term) int {
	scale := scale{known: r.weights, left: lightWeight}
	return scale.of(term)
}

// scale weighs values. What is not known came with the input or is light; of that,
// only so many values are looked at.
type scale struct {
	known map[ast.Value]int
	left  int
}

func (s *scale) of(term *ast.Term) int {
	if s.left--; !holdsOthers(term) {
		return 1
	}
	if known, ok := s.known[term.Value]; ok {
		return 1 + known
	}
	total := 1
	add := func(term *ast.Term) bool {
		total += s.of(term)
		return s.left <= 0
	}
	switch value := term.Value.(type) {
	case *ast.Array:
		value.Until(add)
	case ast.Set:
		value.Until(add)
	case ast.Object:
		value.Until(func(_, term *ast.Term) bool { return add(term) })
	}
	return total
}
