package dialect

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
)

// lone returns the packages whose files are better taken each by itself.
func (g *grove) lone() map[string]bool {
	found := clashing(g.members, g.imported)
	byPackage := make(map[string][]*rule.Document)
	for _, document := range g.members {
		name := document.Module.Package.Path.String()
		byPackage[name] = append(byPackage[name], document)
	}
	for name, documents := range byPackage {
		if g.alike(documents) {
			found[name] = true
		}
	}
	return found
}

// alike tells whether files of a package have entry points in the same words, and
// differ in a helper that these refer to. Together each of them would find what one
// does. Taken by themselves they find the same once, and it is known which file did:
// an entry point that refers to a helper once, and neither negates nor collects it,
// finds with all definitions of the helper what it finds with each.
func (g *grove) alike(documents []*rule.Document) bool {
	entries, defined := g.definitions(documents)
	shared := false
	for name, by := range defined {
		shared = shared || !entries[name] && len(by) > 1
	}
	if !shared {
		return false
	}
	for _, document := range documents {
		mentioned := mentionedIn(document.Module)
		for name, by := range defined {
			if mentioned[name] && (entries[name] || !slices.Contains(by, document)) {
				return false // one file needs another
			}
		}
	}
	for name, by := range defined {
		if !entries[name] && len(by) > 1 && !sameUsers(by, name, entries) {
			return false
		}
	}
	return true
}

// definitions returns which names are entry points of some files, and the files that
// define a name; none where defaults or exceptions hold for several files.
func (g *grove) definitions(documents []*rule.Document) (entries map[string]bool, defined map[string][]*rule.Document) {
	entries, defined = make(map[string]bool), make(map[string][]*rule.Document)
	for _, document := range documents {
		for _, entrypoint := range g.names(document.Module) {
			entries[entrypoint.Name] = true
		}
		for _, r := range document.Module.Rules {
			name := definedName(r)
			if r.Default || name == exceptionRule {
				return nil, nil
			}
			if !slices.Contains(defined[name], document) {
				defined[name] = append(defined[name], document)
			}
		}
	}
	return entries, defined
}

// sameUsers tells whether only entry points in the same words refer to a name in all
// of the files, each once.
func sameUsers(documents []*rule.Document, name string, entries map[string]bool) bool {
	first, plain := usersOf(documents[0].Module, name, entries)
	return plain && !slices.ContainsFunc(documents[1:], func(document *rule.Document) bool {
		users, plain := usersOf(document.Module, name, entries)
		return !plain || !slices.Equal(first, users)
	})
}

// usersOf returns the Rego rules of a module that refer to a name, as text and
// sorted. The second result is false when one of them is no entry point, or does
// more than asking for it once.
func usersOf(module *ast.Module, name string, entries map[string]bool) ([]string, bool) {
	var users []string
	for _, r := range module.Rules {
		if usesIn(r, name) == 0 {
			continue
		}
		if !entries[definedName(r)] || !asksOnce(r, name) {
			return nil, false
		}
		users = append(users, r.String())
	}
	slices.Sort(users)
	return users, true
}

// asksOnce tells whether a Rego rule refers to a name once, and neither negated nor
// within a comprehension.
func asksOnce(r *ast.Rule, name string) bool {
	once := usesIn(r, name) == 1 && r.Else == nil
	for _, expression := range r.Body {
		once = once && (!expression.Negated || uses(expression, name) == 0)
	}
	ast.WalkClosures(r, func(closure any) bool {
		once = once && uses(closure, name) == 0
		return false
	})
	return once
}

// usesIn counts how often a Rego rule refers to a name, its own not included.
func usesIn(r *ast.Rule, name string) int {
	count := 0
	eachUseIn(r, func(used string) {
		if used == name {
			count++
		}
	})
	return count
}

// uses counts how often a node may refer to a name of its package, by itself or
// behind the name of the package.
func uses(node any, name string) int {
	count := 0
	eachUse(node, func(used string) {
		if used == name {
			count++
		}
	})
	return count
}

// mentionedIn returns the names of its package that a module may refer to, and more.
func mentionedIn(module *ast.Module) map[string]bool {
	names := make(map[string]bool)
	for _, r := range module.Rules {
		eachUseIn(r, func(name string) { names[name] = true })
	}
	return names
}

// eachUseIn calls f with each name that may be of the package and that a Rego rule
// refers to, its own not included.
func eachUseIn(r *ast.Rule, f func(string)) {
	for ; r != nil; r = r.Else {
		eachUse(r.Body, f)
		for _, term := range slices.Concat([]*ast.Term{r.Head.Key, r.Head.Value}, []*ast.Term(r.Head.Args), []*ast.Term(r.Head.Ref())[1:]) {
			if term != nil {
				eachUse(term, f)
			}
		}
	}
}

// eachUse calls f with each name that may be of the package.
func eachUse(node any, f func(string)) {
	ast.WalkTerms(node, func(term *ast.Term) bool {
		switch value := term.Value.(type) {
		case ast.Var:
			f(string(value))
		case ast.Ref:
			if value.HasPrefix(ast.InputRootRef) {
				break
			}
			for _, name := range groundStrings(value[1:]) {
				f(name)
			}
		}
		return false
	})
}

// clashing returns the packages whose files do not compile together, because they
// define the same name in different ways.
func clashing(members, libraries []*rule.Document) map[string]bool {
	perPackage := make(map[string]int)
	packageOf := make(map[string]string)
	modules := make(map[string]*ast.Module)
	for _, document := range slices.Concat(members, libraries) {
		modules[document.Name] = document.Module
	}
	for _, document := range members {
		packageOf[document.Name] = document.Module.Package.Path.String()
		perPackage[packageOf[document.Name]]++
	}
	compiler := ast.NewCompiler().SetErrorLimit(0)
	compiler.Compile(modules)
	found := make(map[string]bool)
	for _, err := range compiler.Errors {
		if err.Location == nil {
			continue
		}
		if pkg := packageOf[err.Location.File]; perPackage[pkg] > 1 {
			found[pkg] = true
		}
	}
	return found
}
