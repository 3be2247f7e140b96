package engine

import (
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
)

// reader walks all Rego rules that an entry point may call, as they were
// written: the compiler would have put input.workload in a variable before
// object.get(input.workload, ["spec", "os"], null) reads one field of it.
type reader struct {
	*compiled
	dialect rule.Dialect
	seen    map[seenRule]bool
	names   inputNames // in the Rego rule that is walked
	reach   reach
}

// inputNames are the names that a function has for parts of input that it is given:
// f(input.review) reads what f reads of its value.
type inputNames map[ast.Var]ast.Ref

// seenRule is a Rego rule with the names it has for parts of input.
type seenRule struct {
	rule  *ast.Rule
	names string
}

// follow walks the Rego rules a data reference may mean. One that means none
// reads base documents, which are not part of the key.
func (r *reader) follow(ref ast.Ref) {
	ref = slices.Clone(ref)
	for i, term := range ref {
		if _, ok := term.Value.(ast.Number); ok { // 1 is 1.0 to Rego, but not to the compiler
			ref[i] = ast.VarTerm(ast.WildcardPrefix)
		}
	}
	rules := r.rules(ref)
	if len(rules) == 0 && !rule.IsIsolated(ref) { // what comes with the rules is part of the revision
		r.reach = beyond
	}
	for _, regoRule := range rules {
		r.walk(regoRule, nil)
	}
}

// rules returns the Rego rules a data reference may mean.
func (r *reader) rules(ref ast.Ref) []*ast.Rule {
	return r.compiler.GetRulesDynamicWithOpts(ref, ast.RulesOptions{IncludeHiddenModules: true})
}

// walk walks one Rego rule, once.
func (r *reader) walk(regoRule *ast.Rule, names inputNames) {
	key := seenRule{regoRule, fmt.Sprint(names)}
	if r.seen[key] {
		return
	}
	r.seen[key] = true
	outer := r.names
	r.names = names
	ast.NewGenericVisitor(r.visit).Walk(r.resolved[regoRule])
	r.names = outer
}

// visit looks at one node and returns true when its children are done with.
func (r *reader) visit(node any) bool {
	switch node := node.(type) {
	case *ast.Expr:
		if terms, ok := node.Terms.([]*ast.Term); ok && r.call(terms) {
			for _, with := range node.With {
				ast.NewGenericVisitor(r.visit).Walk(with)
			}
			return true
		}
	case *ast.With:
		if r.replacesFunction(node) {
			r.reach = beyond // what is called is not what is named
		}
	case ast.Call:
		return r.call(node)
	case ast.Ref:
		r.ref(node)
		return true
	case ast.Var:
		if node == ast.InputRootDocument.Value {
			r.ref(ast.InputRootRef)
		} else if part := r.names[node]; part != nil {
			r.ref(part)
		}
	case *ast.Head:
		for _, term := range node.Ref()[1:] { // the name is no reference to anything
			ast.NewGenericVisitor(r.visit).Walk(term)
		}
		if node.Key != nil {
			ast.NewGenericVisitor(r.visit).Walk(node.Key)
		}
		if node.Value != nil {
			ast.NewGenericVisitor(r.visit).Walk(node.Value)
		}
		return true
	}
	return false
}

// replacesFunction tells whether a modifier replaces anything but a document.
func (r *reader) replacesFunction(with *ast.With) bool {
	target, ok := with.Target.Value.(ast.Ref)
	switch {
	case !ok:
		return true
	case target.HasPrefix(ast.InputRootRef):
		return false
	}
	isFunction := func(rule *ast.Rule) bool { return len(rule.Head.Args) > 0 }
	return !target.HasPrefix(ast.DefaultRootRef) || slices.ContainsFunc(r.rules(target), isFunction)
}

// part returns the part of input that a term is, nil for none.
func (r *reader) part(term *ast.Term) ast.Ref {
	switch value := term.Value.(type) {
	case ast.Var:
		if value == ast.InputRootDocument.Value {
			return ast.InputRootRef
		}
		return r.names[value]
	case ast.Ref:
		if value = r.fullRef(value); value.HasPrefix(ast.InputRootRef) && len(groundPath(value[1:])) == len(value)-1 {
			return value
		}
	}
	return nil
}

// fullRef returns a reference with the part of input at its head that has a name there.
func (r *reader) fullRef(ref ast.Ref) ast.Ref {
	if name, ok := ref[0].Value.(ast.Var); ok && r.names[name] != nil {
		return r.names[name].Concat(ref[1:])
	}
	return ref
}

// function looks at a call of a rule's function.
func (r *reader) function(operator ast.Ref, values []*ast.Term) {
	parts := make([]ast.Ref, len(values))
	for i, value := range values {
		if parts[i] = r.part(value); parts[i] == nil {
			ast.NewGenericVisitor(r.visit).Walk(value)
		} else {
			r.presence(parts[i])
		}
	}
	for _, regoRule := range r.rules(operator) {
		names := make(inputNames)
		for i, part := range parts {
			if part == nil {
				continue
			}
			if args := r.resolved[regoRule].Head.Args; i < len(args) {
				if name, ok := args[i].Value.(ast.Var); ok {
					names[name] = part
					continue
				}
			}
			r.ref(part)
		}
		r.walk(regoRule, names)
	}
}

// presence takes note of whether a part of input is there: where it is not, a call is
// undefined, whatever the function reads of its argument. What stands directly below
// input and is none of the native input is there always, as input.review is.
func (r *reader) presence(part ast.Ref) {
	path := groundPath(part[1:])
	if len(path) == 0 {
		return
	}
	if native, known := r.dialect.Native(path); known {
		r.reach = max(r.reach, reachOfPresence(native))
	} else if len(path) > 1 {
		r.reach = beyond
	}
}

// ref looks at a reference and at the terms it is indexed with.
func (r *reader) ref(ref ast.Ref) {
	ref = r.fullRef(ref)
	switch {
	case ref.HasPrefix(ast.InputRootRef):
		if path, known := r.dialect.Native(groundPath(ref[1:])); known {
			r.reach = max(r.reach, reachOfPath(path))
		} else {
			r.reach = beyond
		}
	case ref.HasPrefix(ast.DefaultRootRef):
		r.follow(ref)
	}
	if _, ok := ref[0].Value.(ast.Var); !ok { // as in f(x).y and {x | ...}[_]
		ast.NewGenericVisitor(r.visit).Walk(ref[0])
	}
	for _, term := range ref[1:] {
		ast.NewGenericVisitor(r.visit).Walk(term)
	}
}

// call looks at a call, given as operator and arguments, and tells whether its
// arguments are done with. A builtin whose answer changes from call to call makes
// the rule's findings change too.
func (r *reader) call(terms []*ast.Term) bool {
	operator, ok := terms[0].Value.(ast.Ref)
	if !ok {
		return false
	}
	if builtin, ok := ast.BuiltinMap[operator.String()]; ok && (builtin.Nondeterministic || readsClock[builtin.Name]) {
		r.reach = beyond
	}
	if operator.HasPrefix(ast.DefaultRootRef) {
		r.function(operator, terms[1:])
		return true
	}
	if !operator.Equal(ast.ObjectGet.Ref()) || len(terms) < 3 {
		return false
	}
	ref := r.part(terms[1])
	if ref == nil {
		return false
	}
	// object.get(input.a, ["b", "c"], default) reads input.a.b.c alone.
	switch path := terms[2].Value.(type) {
	case ast.String:
		ref = ref.Append(terms[2])
	case *ast.Array:
		for i := range path.Len() {
			ref = ref.Append(path.Elem(i))
		}
	default:
		return false
	}
	r.ref(ref)
	for _, argument := range terms[3:] {
		ast.NewGenericVisitor(r.visit).Walk(argument)
	}
	return true
}

// groundPath returns the leading constant strings of a reference.
func groundPath(ref ast.Ref) []string {
	var path []string
	for _, term := range ref {
		s, ok := term.Value.(ast.String)
		if !ok {
			return path
		}
		path = append(path, string(s))
	}
	return path
}
