package rule

import "github.com/open-policy-agent/opa/v1/ast"

// Refers tells whether a module refers to a package, or to what contains it.
func Refers(module *ast.Module, path ast.Ref) bool {
	found := false
	WalkRefs(module, func(ref ast.Ref) bool {
		found = found || leadsTo(ref.GroundPrefix(), path)
		return found
	})
	return found
}

// leadsTo tells whether a reference leads to a package, into it, or to what
// contains it.
func leadsTo(ground, path ast.Ref) bool {
	return len(ground) > 1 && (ground.HasPrefix(path) || path.HasPrefix(ground))
}

// Imports are what the imports of a module stand for, by the names they have there.
type Imports map[ast.Var]ast.Ref

// ImportsOf returns the imports of a module.
func ImportsOf(module *ast.Module) Imports {
	imports := make(Imports, len(module.Imports))
	for _, each := range module.Imports {
		if path, ok := each.Path.Value.(ast.Ref); ok {
			imports[each.Name()] = path
		}
	}
	return imports
}

// Expand returns a reference that begins with the name of an import in full, and
// any other as it is.
func (i Imports) Expand(ref ast.Ref) ast.Ref {
	if head, ok := ref[0].Value.(ast.Var); ok && i[head] != nil {
		return i[head].Concat(ref[1:])
	}
	return ref
}
