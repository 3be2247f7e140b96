package engine

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
)

// maskedPaths are the fields of an object that the key of the verdict cache
// leaves out, because they differ between objects that are otherwise the same.
// cacheKey and cacheable must agree on them.
var maskedPaths = [][]string{
	{"status"},
	{"spec", "nodeName"},
	{"metadata", "name"},
	{"metadata", "generateName"},
	{"metadata", "uid"},
	{"metadata", "selfLink"},
	{"metadata", "resourceVersion"},
	{"metadata", "generation"},
	{"metadata", "creationTimestamp"},
	{"metadata", "ownerReferences"},
	{"metadata", "labels", "pod-template-hash"},
}

// cacheable tells whether everything a rule reads lies within the key of the
// verdict cache, so that equal keys mean equal findings. It errs on the side of
// no: a reference that is not ground where it matters, or a bare input, counts
// as reading everything below.
func cacheable(set *compiled, r *rule.Rule) bool {
	reader := &reader{compiled: set, dialect: r.Dialect, seen: make(map[*ast.Rule]bool), beyondKey: r.Uncacheable}
	for _, entrypoint := range r.Entrypoints {
		if module := set.compiler.Modules[r.File]; module != nil && r.OwnFile && !entrypoint.Alone {
			for _, regoRule := range module.Rules {
				if regoRule.Head.Ref().Equal(ast.Ref{ast.VarTerm(entrypoint.Name)}) {
					reader.walk(regoRule)
				}
			}
			continue
		}
		reader.follow(r.Package.Append(ast.StringTerm(entrypoint.Name)))
	}
	return !reader.beyondKey
}

// reader walks all Rego rules that an entry point may call, as they were
// written: the compiler would have put input.workload in a variable before
// object.get(input.workload, ["spec", "os"], null) reads one field of it.
type reader struct {
	*compiled
	dialect   rule.Dialect
	seen      map[*ast.Rule]bool
	beyondKey bool
}

// follow walks the Rego rules a data reference may mean. One that means none
// reads base documents, which are not part of the key.
func (r *reader) follow(ref ast.Ref) {
	rules := r.compiler.GetRulesDynamicWithOpts(ref, ast.RulesOptions{IncludeHiddenModules: true})
	if len(rules) == 0 && !rule.IsIsolated(ref) { // what comes with the rules is part of the revision
		r.beyondKey = true
	}
	for _, regoRule := range rules {
		r.walk(regoRule)
	}
}

// walk walks one Rego rule, once.
func (r *reader) walk(regoRule *ast.Rule) {
	if r.seen[regoRule] {
		return
	}
	r.seen[regoRule] = true
	ast.NewGenericVisitor(r.visit).Walk(r.resolved[regoRule])
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
	case ast.Call:
		return r.call(node)
	case ast.Ref:
		r.ref(node)
		return true
	case ast.Var:
		if node == ast.InputRootDocument.Value {
			r.beyondKey = true
		}
	case *ast.Head:
		// The head's own name is no reference to anything.
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

// ref looks at a reference and at the terms it is indexed with.
func (r *reader) ref(ref ast.Ref) {
	switch {
	case ref.HasPrefix(ast.InputRootRef):
		if path, known := r.dialect.Native(groundPath(ref[1:])); !known || !withinKey(path) {
			r.beyondKey = true
		}
	case ref.HasPrefix(ast.DefaultRootRef):
		r.follow(ref)
	}
	if call, ok := ref[0].Value.(ast.Call); ok { // as in f(x).y
		ast.NewGenericVisitor(r.visit).Walk(call)
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
		r.beyondKey = true
	}
	if !operator.Equal(ast.ObjectGet.Ref()) || len(terms) < 3 {
		return false
	}
	ref, ok := terms[1].Value.(ast.Ref)
	if !ok || !ref.HasPrefix(ast.InputRootRef) {
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

// withinKey tells whether a path below the native input is covered by the key.
func withinKey(path []string) bool {
	if len(path) == 0 {
		return false
	}
	switch path[0] {
	case "operation", "parameters", "namespace":
		return true
	case "object":
		return len(path) > 1 && !overlapsMask(path[1:])
	case "workload":
		if len(path) == 1 {
			return false
		}
		if path[1] == "spec" || path[1] == "metadata" {
			return len(path) > 2 && !overlapsMask(path[1:])
		}
		return true // kind, path, containers
	}
	return false // oldObject, user, inventory
}

// overlapsMask tells whether a path is, contains or lies in a masked field.
func overlapsMask(path []string) bool {
	for _, mask := range maskedPaths {
		n := min(len(mask), len(path))
		if slices.Equal(mask[:n], path[:n]) {
			return true
		}
	}
	return false
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
