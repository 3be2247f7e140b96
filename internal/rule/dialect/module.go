package dialect

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
)

// entrypointsOf returns the Rego rules of a module that choose accepts, each once.
// Those that are no partial sets are evaluated alone.
func entrypointsOf(module *ast.Module, choose func(name string) (finding.Mode, bool)) []rule.Entrypoint {
	var found []rule.Entrypoint
	for _, name := range definedNames(module) {
		known := slices.ContainsFunc(found, func(e rule.Entrypoint) bool { return e.Name == name })
		if mode, ok := choose(name); ok && !known && !isWordless(module, name) {
			found = append(found, rule.Entrypoint{Name: name, Mode: mode, Alone: misshapen(module, name) > 0})
		}
	}
	return found
}

// isWordless tells whether a Rego rule is true or false and nothing else, or an
// object of these, as deny[msg] is where an if follows.
func isWordless(module *ast.Module, name string) bool {
	for _, r := range module.Rules {
		if definedName(r) != name || len(r.Head.Args) > 0 {
			continue
		}
		if r.Head.RuleKind() == ast.MultiValue || r.Head.Value == nil {
			return false
		}
		if _, ok := r.Head.Value.Value.(ast.Boolean); !ok || r.Else != nil {
			return false
		}
	}
	return true
}

// wordless returns the name and line of a chosen Rego rule without words, "" where
// there is none.
func wordless(module *ast.Module, choose func(string) bool) (string, int) {
	for _, r := range module.Rules {
		if name := definedName(r); choose(name) && len(r.Head.Args) == 0 && isWordless(module, name) {
			return name, r.Head.Location.Row
		}
	}
	return "", 0
}

// readsInput tells whether a module reads a field of input.
func readsInput(module *ast.Module, field string) bool {
	prefix := ast.InputRootRef.Append(ast.StringTerm(field))
	found := false
	rule.WalkRefs(module, func(ref ast.Ref) bool {
		found = found || ref.HasPrefix(prefix)
		return found
	})
	return found
}

// readsData tells whether a module reads what is below a path of data, by the path or
// by the name of an import.
func readsData(module *ast.Module, path ast.Ref) bool {
	imports := rule.ImportsOf(module)
	found := false
	for _, r := range module.Rules {
		rule.WalkRefs(r, func(ref ast.Ref) bool {
			found = found || imports.Expand(ref).HasPrefix(path)
			return found
		})
	}
	return found
}

// readsReviewAlone tells whether all that a module reads of its input is what
// Gatekeeper gives: then it means nothing to conftest. Some rules are for both.
func readsReviewAlone(module *ast.Module) bool {
	alone := readsInput(module, "review")
	rule.WalkRefs(module, func(ref ast.Ref) bool {
		if ref.HasPrefix(ast.InputRootRef) {
			path := groundStrings(ref[1:])
			alone = alone && len(path) > 0 && (path[0] == "review" || path[0] == "parameters")
		}
		return false
	})
	return alone
}

// readsCombinedAlone tells whether a module reads its input as a list of files
// only, as in input[0] and input[_].contents.
func readsCombinedAlone(module *ast.Module) bool {
	combined, other := false, false
	rule.WalkRefs(module, func(ref ast.Ref) bool {
		if !ref.HasPrefix(ast.InputRootRef) {
			return false
		}
		path := ref[1:]
		if len(path) == 0 {
			other = true
			return false
		}
		switch path[0].Value.(type) {
		case ast.Number:
			combined = true
		case ast.Var:
			below := groundStrings(path[1:])
			combined = combined || len(below) > 0 && (below[0] == "contents" || below[0] == "path")
		default:
			other = true
		}
		return false
	})
	return combined && !other
}

// groundStrings returns the constant strings that a reference begins with.
func groundStrings(ref ast.Ref) []string {
	var path []string
	for _, term := range ref {
		s, ok := term.Value.(ast.String)
		if !ok {
			break
		}
		path = append(path, string(s))
	}
	return path
}
