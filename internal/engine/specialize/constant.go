package specialize

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"
)

// ConstantsField is the field of their input in which copies find what is known
// before. As text in the rules, the compiler would refuse what can never be, such as
// an element of an empty list, that was fine as long as it did not know.
const ConstantsField = "reeve_constants"

// constants are values by number.
type constants struct {
	byText map[string]ast.Ref
	pairs  [][2]*ast.Term
}

func newConstants() *constants { return &constants{byText: make(map[string]ast.Ref)} }

// ref returns a reference to a value, the same one for equal values.
func (c *constants) ref(value *ast.Term) ast.Ref {
	text := value.String()
	if c.byText[text] == nil {
		number := strconv.Itoa(len(c.pairs))
		c.pairs = append(c.pairs, ast.Item(ast.StringTerm(number), value))
		c.byText[text] = ast.InputRootRef.Append(ast.StringTerm(ConstantsField)).Append(ast.StringTerm(number))
	}
	return c.byText[text].Copy()
}

func (c *constants) term() *ast.Term { return ast.ObjectTerm(c.pairs...) }

// constant returns what a term is known to be without any input, nil where that is
// not known: a path below the arguments, or what object.get finds in such. Templates
// read optional parameters in these words:
//
//	object.get(object.get(input, "parameters", {}), "exemptImages", [])
func (w *writer) constant(term *ast.Term) *ast.Term {
	switch value := term.Value.(type) {
	case ast.Null, ast.Boolean, ast.Number, ast.String:
		return term
	case *ast.Array, ast.Object, ast.Set:
		if isKnown(term) {
			return term
		}
	case ast.Ref:
		if value = w.resolved(value); value.HasPrefix(parametersRef) {
			return w.constantArgument(value[len(parametersRef):])
		}
	case ast.Call:
		if len(value) == 4 && value[0].Value.Compare(ast.ObjectGet.Ref()) == 0 {
			return w.constantGet(value[1], value[2], value[3])
		}
	}
	return nil
}

// constantArgument returns what lies below the arguments at a path of constants.
func (w *writer) constantArgument(path ast.Ref) *ast.Term {
	if !areScalars(path) {
		return nil
	}
	return valueAt(w.arguments, path)
}

// valueAt returns what is at a path of constants below a value, nil for nothing.
func valueAt(value *ast.Term, path []*ast.Term) *ast.Term {
	for _, step := range path {
		if value = value.Get(step); value == nil {
			return nil
		}
	}
	return value
}

func areScalars(terms []*ast.Term) bool {
	return !slices.ContainsFunc(terms, func(term *ast.Term) bool { return !ast.IsScalar(term.Value) })
}

// constantGet returns what object.get returns, where that is known.
func (w *writer) constantGet(object, key, fallback *ast.Term) *ast.Term {
	path := []*ast.Term{key}
	if list, ok := key.Value.(*ast.Array); ok {
		path = path[:0]
		list.Foreach(func(step *ast.Term) { path = append(path, step) })
	}
	other := w.constant(fallback)
	if other == nil || len(path) == 0 || !areScalars(path) {
		return nil
	}
	var in *ast.Term
	if w.isInput(object) {
		if !path[0].Equal(parametersRef[1]) {
			return nil
		}
		in, path = w.arguments, path[1:]
	} else if in = w.constant(object); in == nil {
		return nil
	}
	if _, ok := in.Value.(ast.Object); !ok {
		return nil // an error, which is the builtin's to make
	}
	return cmp.Or(valueAt(in, path), other)
}

// isEmpty tells whether a collection has nothing in it.
func isEmpty(term *ast.Term) bool {
	switch collection := term.Value.(type) {
	case ast.Object:
		return collection.Len() == 0
	case *ast.Array:
		return collection.Len() == 0
	case ast.Set:
		return collection.Len() == 0
	}
	return false
}

func isString(term *ast.Term) bool {
	_, ok := term.Value.(ast.String)
	return ok
}

// isKnown tells whether a term consists of nothing but constants.
func isKnown(term *ast.Term) bool {
	known := true
	ast.WalkTerms(term, func(part *ast.Term) bool {
		switch part.Value.(type) {
		case ast.Null, ast.Boolean, ast.Number, ast.String, *ast.Array, ast.Object, ast.Set:
		default:
			known = false
		}
		return !known
	})
	return known
}
