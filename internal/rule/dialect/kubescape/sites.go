package kubescape

import (
	"github.com/open-policy-agent/opa/v1/ast"
)

// site is a place where a body takes one object after the other out of input.
type site struct {
	variable ast.Var
	mention  *ast.Term
}

// sitesOf returns the places of a Rego rule that go through input:
//
//	pod := input[_]
//	some pod in input
//	pods := [p | p := input[_]; p.kind == "Pod"]; pod := pods[_]
//
// Of the last form only those whose list is used for nothing else.
func sitesOf(r *ast.Rule) []site {
	var sites []site
	lists := make(map[ast.Var]*ast.Term) // by the list's name, the mention it is made of
	for _, expr := range r.Body {
		if expr.Negated || len(expr.With) > 0 {
			continue
		}
		variable, collection := element(expr)
		if variable != "" && isInput(collection) {
			if !placed(r, expr) {
				sites = append(sites, site{variable, collection})
			}
			continue
		}
		if list, mention := filtered(expr); mention != nil {
			lists[list] = mention
		}
	}
	for list, mention := range lists {
		if uses(r, list) != 2 { // where it is made, and one more
			continue
		}
		for _, expr := range r.Body {
			if expr.Negated || len(expr.With) > 0 {
				continue
			}
			variable, collection := element(expr)
			if variable != "" && isNamed(collection, list) && !placed(r, expr) {
				sites = append(sites, site{variable, mention})
			}
		}
	}
	return sites
}

// element reads an expression that binds a variable to the elements of a
// collection; the collection is a whole reference, or what stands after in.
func element(expr *ast.Expr) (ast.Var, *ast.Term) {
	switch terms := expr.Terms.(type) {
	case *ast.SomeDecl:
		if len(terms.Symbols) != 1 {
			return "", nil
		}
		call, ok := terms.Symbols[0].Value.(ast.Call)
		if !ok || len(call) < 3 {
			return "", nil
		}
		variable, _ := call[len(call)-2].Value.(ast.Var)
		return variable, call[len(call)-1]
	case []*ast.Term:
		left, right := bound(expr)
		if variable, ok := value[ast.Var](left); ok {
			if ref, ok := value[ast.Ref](right); ok && len(ref) == 2 {
				if _, free := ref[1].Value.(ast.Var); free {
					return variable, right
				}
			}
		}
	}
	return "", nil
}

// numbered tells whether an expression that goes through a collection asks for
// the place of each element as well.
func numbered(expr *ast.Expr) bool {
	if some, ok := expr.Terms.(*ast.SomeDecl); ok {
		call, _ := some.Symbols[0].Value.(ast.Call)
		return len(call) != 3 // internal.member_2, the element, the collection
	}
	_, right := bound(expr)
	ref, ok := value[ast.Ref](right)
	if !ok {
		return true
	}
	index, ok := ref[len(ref)-1].Value.(ast.Var)
	return !ok || !index.IsWildcard()
}

// placed tells whether a Rego rule asks for the place of each element that an
// expression goes through: among the objects to judge it is another one.
func placed(r *ast.Rule, expr *ast.Expr) bool {
	if !numbered(expr) {
		return false
	}
	var place *ast.Term
	if some, ok := expr.Terms.(*ast.SomeDecl); ok {
		call, _ := some.Symbols[0].Value.(ast.Call)
		place = call[1] // of internal.member_3, before the element and the collection
	} else if _, right := bound(expr); right != nil {
		ref, _ := value[ast.Ref](right)
		place = ref[len(ref)-1]
	}
	index, ok := value[ast.Var](place)
	return !ok || uses(r, index) > 1
}

// bound returns both sides of := or =, the variable first; nil for all else.
func bound(expr *ast.Expr) (left, right *ast.Term) {
	if !expr.IsAssignment() && !expr.IsEquality() || len(expr.Operands()) != 2 {
		return nil, nil
	}
	left, right = expr.Operand(0), expr.Operand(1)
	if _, ok := left.Value.(ast.Var); !ok {
		left, right = right, left
	}
	return left, right
}

// value returns a term's value as the type wanted.
func value[T ast.Value](term *ast.Term) (T, bool) {
	var none T
	if term == nil {
		return none, false
	}
	wanted, ok := term.Value.(T)
	return wanted, ok
}

// isInput tells whether a collection is input itself: input or input[_].
func isInput(collection *ast.Term) bool {
	return isNamed(collection, ast.InputRootDocument.Value.(ast.Var))
}

// isNamed tells whether a collection is the one of a name, or name[_].
func isNamed(collection *ast.Term, name ast.Var) bool {
	if ref, ok := value[ast.Ref](collection); ok {
		return ref[0].Value.Compare(name) == 0 && len(ref) <= 2
	}
	variable, ok := value[ast.Var](collection)
	return ok && variable == name
}

// filtered reads an expression that makes a list of some of the objects in input.
// It returns the list's name and the mention of input.
func filtered(expr *ast.Expr) (ast.Var, *ast.Term) {
	left, right := bound(expr)
	list, ok := value[ast.Var](left)
	if !ok {
		return "", nil
	}
	var made *ast.Term
	var body ast.Body
	switch comprehension := right.Value.(type) {
	case *ast.ArrayComprehension:
		made, body = comprehension.Term, comprehension.Body
	case *ast.SetComprehension:
		made, body = comprehension.Term, comprehension.Body
	default:
		return "", nil
	}
	if len(inputs(right)) != 1 {
		return "", nil
	}
	for _, inner := range body {
		if inner.Negated || len(inner.With) > 0 {
			continue
		}
		variable, collection := element(inner)
		if variable != "" && isInput(collection) && made.Value.Compare(variable) == 0 {
			return list, collection
		}
	}
	return "", nil
}

// uses counts how often a variable stands in a Rego rule.
func uses(r *ast.Rule, variable ast.Var) int {
	count := 0
	for _, name := range names(r) {
		if name == variable {
			count++
		}
	}
	return count
}

// alertVariable returns the variable that holds the one object a Rego rule's
// findings are about, "" when that is not plain.
func alertVariable(r *ast.Rule) ast.Var {
	found := responses(r)
	if len(found) != 1 {
		return ""
	}
	alert, ok := value[ast.Object](found[0].Get(ast.InternedTerm("alertObject")))
	if !ok {
		return ""
	}
	if objects, ok := value[*ast.Array](fieldOf(alert, "k8sApiObjects")); ok && objects.Len() > 0 {
		variable, _ := objects.Elem(0).Value.(ast.Var)
		if objects.Len() > 1 {
			return ""
		}
		return variable
	}
	return externalVariable(r, externalOf(alert))
}

// externalVariable returns the variable of which an external object takes its
// name: the object itself, or one written as {"name": pod.metadata.name, ...}.
func externalVariable(r *ast.Rule, external *ast.Term) ast.Var {
	if variable, ok := value[ast.Var](external); ok {
		external = written(r, variable)
		if external == nil {
			return variable // it is one of the input's objects
		}
	}
	object, ok := value[ast.Object](external)
	if !ok {
		return ""
	}
	// The name may be of one object and the kind of another: then it is not plain.
	name, okName := value[ast.Ref](fieldOf(object, "name"))
	kind, okKind := value[ast.Ref](fieldOf(object, "kind"))
	if !okName || !okKind || name[0].Value.Compare(kind[0].Value) != 0 {
		return ""
	}
	if !name[1:].Equal(nameSuffix) || !kind[1:].Equal(kindSuffix) {
		return ""
	}
	variable, _ := name[0].Value.(ast.Var)
	return variable
}

var (
	nameSuffix = ast.Ref{ast.StringTerm("metadata"), ast.StringTerm("name")}
	kindSuffix = ast.Ref{ast.StringTerm("kind")}
)

// written returns the object that a variable is bound to where it is written in
// the rule, else nil.
func written(r *ast.Rule, variable ast.Var) *ast.Term {
	for _, expr := range r.Body {
		left, right := bound(expr)
		if _, ok := value[ast.Object](right); ok && left.Value.Compare(variable) == 0 {
			return right
		}
	}
	return nil
}
