package kubescape

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
)

// The fields of input, see Dialect.
const (
	judgedField = "judged"
	allField    = "all"
	kindsField  = "kinds"
)

// Elements says what input is a list of.
type Elements uint8

const (
	// Objects of the cluster.
	Objects Elements = iota
	// Subjects of role bindings.
	Subjects
)

// Program is a rule's module after it was taken apart.
type Program struct {
	// Module is a copy in which every reference to input leads to a field of the
	// dialect's input.
	Module *ast.Module
	// Entrypoints are the Rego rules whose results are findings.
	Entrypoints []string
	// Joined is true when the rule compares objects with each other.
	Joined bool
	// Judges is true when the rule goes through the object to judge somewhere.
	Judges bool
}

// Analyse finds out how a module goes through its input, and rewrites it:
//
//	pod := input[_]                         becomes  pod := input.judged[_]
//	s := input[_]; s.kind == "Service"      becomes  s := input.kinds.Service[_]; ...
//	every other input                       becomes  input.all
//
// The first is done where what is found is about that one object, so that a rule
// which compares n objects of a cluster with each other does n comparisons for one
// object to judge instead of n², and the second leaves few of the n. A rule in which nothing else is left needs no
// other object at all. What the elements of input are, tells whether their kind is
// that of the object to judge.
//
// Looks is true when the module calls libraries that look at input.
func Analyse(module *ast.Module, elements Elements, looks bool) *Program {
	program := &Program{Module: module.Copy()}
	nameOwnRules(program.Module)
	a := &analysis{elements: elements, looks: looks, rules: make(map[ast.Var][]*ast.Rule), judged: make(map[*ast.Term]bool), byKind: make(map[*ast.Term]*ast.Term)}
	for _, r := range program.Module.Rules {
		if head, ok := headName(r); ok {
			a.rules[head] = append(a.rules[head], r)
		}
	}
	program.Joined = importsInput(program.Module)
	read := rulesRead(program.Module)
	isEntrypoint := a.entrypoints(program.Module, read)
	for _, r := range program.Module.Rules {
		head, ok := headName(r)
		if !ok || !isEntrypoint(r) {
			continue
		}
		if !slices.Contains(program.Entrypoints, string(head)) {
			program.Entrypoints = append(program.Entrypoints, string(head))
		}
		if !a.entrypoint(r, read[head]) {
			program.Joined = true
		}
	}
	program.Judges = len(a.judged) > 0
	a.rewrite(program.Module)
	return program
}

// headName returns the name of a Rego rule.
func headName(r *ast.Rule) (ast.Var, bool) {
	ref := r.Head.Ref()
	if len(ref) == 0 {
		return "", false
	}
	name, ok := ref[0].Value.(ast.Var)
	return name, ok
}

// importsInput tells whether a module gives input, or a part of it, another name.
func importsInput(module *ast.Module) bool {
	for _, imported := range module.Imports {
		if path, ok := imported.Path.Value.(ast.Ref); ok && path.HasPrefix(ast.InputRootRef) {
			return true
		}
	}
	return false
}

// entrypoints returns what tells whether the results of a Rego rule are findings.
// Kubescape takes every list of responses in the package for findings, whatever
// its name. Where nothing looks like a response, the sets that nobody reads do.
func (a *analysis) entrypoints(module *ast.Module, read map[ast.Var]bool) func(*ast.Rule) bool {
	found := func(r *ast.Rule) bool {
		if len(r.Head.Args) > 0 || len(r.Head.Ref()) > 1 {
			return false
		}
		name, _ := headName(r)
		return name == "deny" || r.Head.RuleKind() == ast.MultiValue && len(responses(r)) > 0
	}
	if slices.ContainsFunc(module.Rules, found) {
		return found
	}
	return func(r *ast.Rule) bool {
		name, _ := headName(r)
		return len(r.Head.Args) == 0 && len(r.Head.Ref()) == 1 && r.Head.RuleKind() == ast.MultiValue && !read[name]
	}
}

// responses returns the objects in a Rego rule that look like responses.
func responses(r *ast.Rule) []ast.Object {
	var found []ast.Object
	ast.WalkTerms(r, func(term *ast.Term) bool {
		if object, ok := term.Value.(ast.Object); ok && (has(object, "alertObject") || has(object, "alertMessage")) {
			found = append(found, object)
		}
		return false
	})
	return found
}

func has(object ast.Object, key string) bool { return object.Get(ast.InternedTerm(key)) != nil }

// analysis is the taking apart of one module.
type analysis struct {
	elements Elements
	looks    bool // it calls libraries that read input
	rules    map[ast.Var][]*ast.Rule
	judged   map[*ast.Term]bool      // mentions of input that mean the object to judge
	byKind   map[*ast.Term]*ast.Term // mentions of input that mean objects of a kind
	kinds    []kindOf
}

// kindOf is a body that finds something only where the object to judge is of a
// kind.
type kindOf struct {
	rule  *ast.Rule
	kinds []*ast.Term
}

// entrypoint looks at one Rego rule whose results are findings, and tells whether
// it needs to see no object but the one to judge. What others read of it, they want
// about all objects.
func (a *analysis) entrypoint(r *ast.Rule, read bool) bool {
	mentions := inputs(r)
	var sites []site
	if !read {
		sites = sitesOf(r)
	}
	helpers := a.helpersRead(r)
	if len(mentions) == 1 && len(sites) == 1 && !helpers {
		a.take(r, sites[0])
		return true
	}
	about := alertVariable(r)
	for _, site := range sites {
		if about != "" && site.variable == about {
			a.take(r, site)
			break
		}
	}
	return len(mentions) == 0 && !helpers
}

// take makes a place of a Rego rule go through the object to judge alone.
func (a *analysis) take(r *ast.Rule, s site) {
	a.judged[s.mention] = true
	if kinds := kindsAsked(r.Body, s.variable); len(kinds) > 0 && a.elements == Objects {
		a.kinds = append(a.kinds, kindOf{r, kinds})
	}
}

// helpersRead tells whether a Rego rule calls one, directly or not, that reads
// input by itself.
func (a *analysis) helpersRead(r *ast.Rule) bool {
	seen := make(map[ast.Var]bool)
	var visit func(*ast.Rule) bool
	visit = func(r *ast.Rule) bool {
		for _, name := range names(r) {
			if seen[name] {
				continue
			}
			seen[name] = true
			for _, called := range a.rules[name] {
				if len(inputs(called)) > 0 || visit(called) {
					return true
				}
			}
		}
		return false
	}
	return a.looks || visit(r)
}

// inputs returns the terms below a node that are input or lead into it.
func inputs(node any) []*ast.Term {
	var found []*ast.Term
	rule.WalkTerms(node, func(term *ast.Term) bool {
		switch value := term.Value.(type) {
		case ast.Ref:
			if value.HasPrefix(ast.InputRootRef) {
				found = append(found, term)
				for _, index := range value[1:] {
					found = append(found, inputs(index)...)
				}
				return true
			}
		case ast.Var:
			if value.Equal(ast.InputRootDocument.Value) {
				found = append(found, term)
			}
		}
		return false
	})
	return found
}

// rewrite leads every mention of input to a field of the dialect's input.
func (a *analysis) rewrite(module *ast.Module) {
	a.findKinds(module)
	for _, term := range inputs(module) {
		to := allRef
		if kind := a.byKind[term]; kind != nil {
			to = ast.InputRootRef.Append(ast.InternedTerm(kindsField)).Append(kind)
		}
		if a.judged[term] {
			to = ast.InputRootRef.Append(ast.InternedTerm(judgedField))
		}
		lead(term, to)
	}
	// The evaluator finds bodies by what they ask of input, so a body that is about
	// pods costs nothing where a service is judged.
	for _, asked := range a.kinds {
		first := ast.Equal.Expr(ast.NewTerm(kindRef), asked.kinds[0])
		if len(asked.kinds) > 1 {
			first = ast.Member.Expr(ast.NewTerm(kindRef), ast.SetTerm(asked.kinds...))
		}
		first.Location = asked.rule.Body[0].Location
		asked.rule.Body = ast.NewBody(append([]*ast.Expr{first}, asked.rule.Body...)...)
	}
}

// findKinds finds the places where a body goes through objects of one kind only.
func (a *analysis) findKinds(module *ast.Module) {
	if a.elements != Objects {
		return
	}
	ast.NewGenericVisitor(func(node any) bool {
		body, ok := node.(ast.Body)
		if !ok {
			return false
		}
		for _, expr := range body {
			if variable, collection := element(expr); variable != "" && !expr.Negated && isInput(collection) && !numbered(expr) {
				if kinds := kindsAsked(body, variable); len(kinds) == 1 {
					a.byKind[collection] = kinds[0]
				}
			}
		}
		return false
	}).Walk(module)
}

// readAll makes a library read input.all where it reads input.
func readAll(module *ast.Module) *ast.Module {
	for _, mention := range inputs(module) {
		lead(mention, allRef)
	}
	return module
}

// lead makes a mention of input, and what follows it there, lead to somewhere else.
func lead(mention *ast.Term, to ast.Ref) {
	if ref, ok := mention.Value.(ast.Ref); ok {
		mention.Value = to.Concat(ref[1:])
	} else {
		mention.Value = to.Copy()
	}
}

var (
	// kindRef is where the input has the kind of the object to judge.
	kindRef = ast.MustParseRef("input.kind")
	// allRef is where it has all objects.
	allRef = ast.InputRootRef.Append(ast.InternedTerm(allField))
)
