package specialize

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

// writer copies Rego rules with arguments in the place of input.parameters, and with
// references to copies in the place of references to rules. The compiler writes to
// terms, so no part of a copy is a part of anything else.
type writer struct {
	specializer *Specializer
	arguments   *ast.Term
	location    *ast.Location         // of all that is written
	made        *group                // that the copies are for
	inputs      positions             // of a function's values that are input as a whole
	names       map[ast.Var]bool      // of such values in the rule being copied
	locals      map[ast.Var]*ast.Term // in it that are known
	err         error                 // the first
}

func (w *writer) fail(format string, arguments ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, arguments...)
	}
}

func (w *writer) rule(original *ast.Rule) *ast.Rule {
	w.names = w.inputNames(original)
	w.locals = w.knownLocals(original)
	rule := *original
	rule.Annotations, rule.Location = nil, w.location
	rule.Head = w.head(original.Head)
	rule.Body = w.body(original.Body)
	if original.Else != nil {
		rule.Else = w.rule(original.Else)
	}
	return &rule
}

func (w *writer) head(original *ast.Head) *ast.Head {
	head := *original
	head.Location = w.location
	steps := w.terms(original.Ref()[1:])
	for i, step := range steps {
		if ast.IsScalar(step.Value) && !ast.IsScalar(original.Ref()[i+1].Value) {
			w.fail("%w: a name that is made of %s", errShape, original.Ref()[i+1]) // what has a name is there even if it is empty
		}
	}
	head.SetRef(ast.Ref{original.Ref()[0]}.Concat(steps))
	head.Args = make(ast.Args, len(original.Args))
	for i, arg := range original.Args {
		if w.inputs.has(i) {
			head.Args[i] = arg.Copy()
		} else {
			head.Args[i] = w.term(arg)
		}
	}
	head.Key, head.Value = w.term(original.Key), w.term(original.Value)
	return &head
}

// body copies a body without what is always true.
func (w *writer) body(original ast.Body) ast.Body {
	var body ast.Body
	for _, expression := range original {
		if isPrint(expression) { // which the compiler leaves out, and is true of anything
			continue
		}
		if written := w.expression(expression); !isAlways(written) {
			body.Append(written)
		}
	}
	if len(body) == 0 {
		body.Append(w.always(true))
	}
	return body
}

func isPrint(expression *ast.Expr) bool {
	return expression.IsCall() && expression.Operator().Equal(ast.Print.Ref())
}

// always returns an expression that is true, or false.
func (w *writer) always(truth bool) *ast.Expr {
	return ast.NewExpr(w.new(ast.Boolean(truth))).SetLocation(w.location)
}

func (w *writer) expression(original *ast.Expr) *ast.Expr {
	expression := original.CopyWithoutTerms().SetLocation(w.location)
	if len(original.With) > 0 {
		w.fail("%w: with", errShape)
	}
	switch terms := original.Terms.(type) {
	case *ast.Term:
		expression.Terms = w.term(terms)
	case []*ast.Term:
		expression.Terms = w.call(terms, original.Negated)
	case *ast.SomeDecl:
		some := *terms
		some.Symbols = w.terms(terms.Symbols)
		expression.Terms = &some
	case *ast.Every:
		every := *terms
		every.Key, every.Value, every.Domain = w.term(terms.Key), w.term(terms.Value), w.term(terms.Domain)
		every.Body = w.body(terms.Body)
		expression.Terms = &every
	default:
		w.fail("%w: %T", errShape, terms)
	}
	if term, ok := expression.Terms.(*ast.Term); ok && expression.Negated && ast.IsScalar(term.Value) {
		return w.always(term.Value.Compare(ast.Boolean(false)) == 0) // OPA's compiler takes not true for true
	}
	return expression
}

// call copies a call that is an expression of its own.
func (w *writer) call(terms []*ast.Term, negated bool) any {
	to, values := w.function(terms)
	if to == nil {
		return w.builtin(terms)
	}
	if to.never && (!negated || areDefined(values)) {
		return w.new(w.located(nowhere))
	}
	return append([]*ast.Term{w.new(w.located(to.ref()))}, values...)
}

// function returns the copy of the function that is called, and the values it is
// given; nil where it is a builtin. Input as a whole is not among the values: the
// copy has it where the function has what it is given.
func (w *writer) function(terms []*ast.Term) (*group, []*ast.Term) {
	operator, ok := terms[0].Value.(ast.Ref)
	if !ok || len(w.specializer.defined[operator.String()]) == 0 {
		return nil, nil
	}
	values := make([]*ast.Term, len(terms)-1)
	var inputs positions
	for i, term := range terms[1:] {
		if i < maxPositions && w.isInput(term) {
			inputs = inputs.with(i)
			values[i] = w.new(ast.Null{})
		} else {
			values[i] = w.term(term)
		}
	}
	to, ok := w.share(use{operator.String(), w.arguments, inputs})
	if !ok {
		return nil, nil
	}
	return to, values
}

// builtin copies a call of a builtin, whose name may be that of a local as well.
func (w *writer) builtin(terms []*ast.Term) []*ast.Term {
	if operator, ok := terms[0].Value.(ast.Ref); ok && operator.HasPrefix(aboutRules) {
		w.fail("%w: %s", errShape, operator)
	}
	return append([]*ast.Term{w.new(terms[0].Value)}, w.terms(terms[1:])...)
}

func (w *writer) terms(originals []*ast.Term) []*ast.Term {
	terms := make([]*ast.Term, len(originals))
	for i, original := range originals {
		terms[i] = w.term(original)
	}
	return terms
}

func (w *writer) term(original *ast.Term) *ast.Term {
	if original == nil {
		return nil
	}
	return w.new(w.value(original.Value))
}

func (w *writer) new(value ast.Value) *ast.Term { return ast.NewTerm(value).SetLocation(w.location) }

func (w *writer) value(original ast.Value) ast.Value {
	switch value := original.(type) {
	case ast.Null, ast.Boolean, ast.Number, ast.String:
		return value
	case ast.Var:
		if value == ast.InputRootDocument.Value || value == ast.DefaultRootDocument.Value || w.names[value] {
			w.fail("%w: %s as a whole", errShape, value)
		}
		return value
	case ast.Ref:
		return w.ref(value)
	case ast.Call:
		if known := w.constant(ast.NewTerm(value)); known != nil {
			return w.known(known)
		}
		if to, values := w.function(value); to != nil {
			return ast.Call(append([]*ast.Term{w.new(w.located(to.ref()))}, values...))
		}
		return ast.Call(w.builtin(value))
	}
	return w.comprehension(original)
}

// comprehension copies a comprehension, or what is known to come of it.
func (w *writer) comprehension(original ast.Value) ast.Value {
	var body ast.Body
	var copied, empty ast.Value
	switch value := original.(type) {
	case *ast.ArrayComprehension:
		body = w.body(value.Body)
		copied, empty = &ast.ArrayComprehension{Term: w.term(value.Term), Body: body}, ast.NewArray()
	case *ast.SetComprehension:
		body = w.body(value.Body)
		copied, empty = &ast.SetComprehension{Term: w.term(value.Term), Body: body}, ast.NewSet()
	case *ast.ObjectComprehension:
		body = w.body(value.Body)
		copied, empty = &ast.ObjectComprehension{Key: w.term(value.Key), Value: w.term(value.Value), Body: body}, ast.NewObject()
	default:
		return w.collection(original)
	}
	if isImpossible(body) {
		return empty
	}
	return copied
}

// collection copies arrays, sets and objects, element by element.
func (w *writer) collection(original ast.Value) ast.Value {
	switch value := original.(type) {
	case *ast.Array:
		elements := make([]*ast.Term, 0, value.Len())
		value.Foreach(func(element *ast.Term) { elements = append(elements, w.term(element)) })
		return ast.NewArray(elements...)
	case ast.Set:
		elements := make([]*ast.Term, 0, value.Len())
		value.Foreach(func(element *ast.Term) { elements = append(elements, w.term(element)) })
		return ast.NewSet(elements...)
	case ast.Object:
		pairs := make([][2]*ast.Term, 0, value.Len())
		value.Foreach(func(key, value *ast.Term) { pairs = append(pairs, ast.Item(w.term(key), w.term(value))) })
		return ast.NewObject(pairs...)
	}
	w.fail("%w: %s", errShape, ast.ValueName(original))
	return original
}
