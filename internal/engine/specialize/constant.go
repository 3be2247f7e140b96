package specialize

import (
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
	at := w.arguments
	for _, step := range path {
		if !isScalar(step) {
			return nil
		}
		if at = at.Get(step); at == nil {
			return nil // undefined, which is no value
		}
	}
	return at
}

// constantGet returns what object.get returns, where that is known.
func (w *writer) constantGet(object, key, fallback *ast.Term) *ast.Term {
	path := []*ast.Term{key}
	if list, ok := key.Value.(*ast.Array); ok {
		path = path[:0]
		list.Foreach(func(step *ast.Term) { path = append(path, step) })
	}
	for _, step := range path {
		if !isScalar(step) {
			return nil
		}
	}
	other := w.constant(fallback)
	if other == nil || len(path) == 0 {
		return nil
	}
	var at *ast.Term
	if w.isInput(object) {
		if !path[0].Equal(parametersRef[1]) {
			return nil
		}
		at, path = w.arguments, path[1:]
	} else if at = w.constant(object); at == nil {
		return nil
	}
	if _, ok := at.Value.(ast.Object); !ok {
		return nil // an error, which is the builtin's to make
	}
	for _, step := range path {
		if at = at.Get(step); at == nil {
			return other
		}
	}
	return at
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

func isScalar(term *ast.Term) bool {
	switch term.Value.(type) {
	case ast.Null, ast.Boolean, ast.Number, ast.String:
		return true
	}
	return false
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
