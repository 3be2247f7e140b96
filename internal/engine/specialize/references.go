package specialize

import (
	"github.com/open-policy-agent/opa/v1/ast"
)

var (
	parametersRef = ast.MustParseRef("input.parameters")
	// aboutRules are builtins that tell of the rule they stand in.
	aboutRules = ast.MustParseRef("rego.metadata")
)

// resolved returns a reference with input at its head where it has a name for that.
func (w *writer) resolved(original ast.Ref) ast.Ref {
	if name, ok := original[0].Value.(ast.Var); ok && w.names[name] {
		return ast.InputRootRef.Concat(original[1:])
	}
	return original
}

// ref copies a reference.
func (w *writer) ref(original ast.Ref) ast.Value {
	original = w.resolved(original)
	switch {
	case original.HasPrefix(parametersRef):
		return w.below(w.arguments, original[len(parametersRef):])
	case original.HasPrefix(ast.InputRootRef):
		if len(original) < 2 || !isString(original[1]) {
			w.fail("%w: %s as a whole", errShape, original[0])
		} else if original[1].Value.Compare(ast.String(ConstantsField)) == 0 {
			w.fail("%w: %s", errShape, original) // what only copies have
		}
	case original.HasPrefix(ast.DefaultRootRef):
		return w.data(original)
	case original.HasPrefix(aboutRules):
		w.fail("%w: %s", errShape, original)
	}
	head := original[0]
	name, isName := head.Value.(ast.Var)
	known := w.locals[name]
	if !isName { // as in f(x).y
		known = w.constant(head)
	}
	switch {
	case known != nil:
		return w.below(known, original[1:])
	case isName:
		head = w.new(name)
	default:
		head = w.term(head)
	}
	return ast.Ref{head}.Concat(w.terms(original[1:]))
}

// data copies a reference to a rule, or to what is below it, or to a document.
func (w *writer) data(original ast.Ref) ast.Value {
	ground := original.GroundPrefix()
	for n := 2; n <= len(ground); n++ {
		path := ground[:n].String()
		if len(w.specializer.defined[path]) == 0 {
			continue
		}
		to, ok := w.share(use{path, w.arguments, 0})
		if !ok {
			return original
		}
		return w.located(to.ref()).Concat(w.terms(original[n:]))
	}
	if w.specializer.within[ground.String()] {
		w.fail("%w: the package %s as a whole", errShape, ground)
	}
	return ast.Ref{w.new(ast.DefaultRootDocument.Value)}.Concat(w.terms(original[1:]))
}

// share returns the group that a reference is to, and remembers it.
func (w *writer) share(of use) (*group, bool) {
	to, err := w.specializer.share(of)
	if err != nil {
		w.fail("%w", err)
		return nil, false
	}
	w.made.uses = append(w.made.uses, to)
	return to, true
}

// below returns what a path below something known means.
func (w *writer) below(at *ast.Term, path ast.Ref) ast.Value {
	for len(path) > 0 && ast.IsScalar(path[0].Value) {
		if at = at.Get(path[0]); at == nil {
			return w.located(nowhere).Concat(w.terms(path))
		}
		path = path[1:]
	}
	known := w.known(at)
	if len(path) == 0 {
		return known
	}
	if ref, ok := known.(ast.Ref); ok && !isEmpty(at) {
		return ref.Concat(w.terms(path))
	}
	return w.located(nowhere).Concat(w.terms(path)) // the path may be what is undefined
}

// known returns what a copy has in the place of something that is known.
func (w *writer) known(term *ast.Term) ast.Value {
	if ast.IsScalar(term.Value) {
		return term.Value
	}
	return w.located(w.specializer.values.ref(term))
}

// located returns a copy of a reference with a location, which the compiler names
// where it finds a mistake.
func (w *writer) located(ref ast.Ref) ast.Ref {
	copied := make(ast.Ref, len(ref))
	for i, term := range ref {
		copied[i] = w.new(term.Value)
	}
	return copied
}
