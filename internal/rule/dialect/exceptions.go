package dialect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
)

// exceptionRule is the name of conftest's own exceptions: sets of lists with the
// names of rules, without deny_ and the like, that do not count.
const exceptionRule = "exception"

// exceptionName returns how exceptions name a rule.
func exceptionName(name string) string {
	if !strings.Contains(name, "_") {
		return ""
	}
	for _, prefix := range []string{"violation_", "deny_", "warn_"} {
		name = strings.TrimPrefix(name, prefix)
	}
	return name
}

// strayException returns the line of exceptions that can name no rule, 0 where there
// are none: a name instead of a list, or true where an if follows in brackets.
func strayException(module *ast.Module) int {
	if _, line := wordless(module, func(name string) bool { return name == exceptionRule }); line > 0 {
		return line
	}
	for _, r := range module.Rules {
		if definedName(r) == exceptionRule && r.Head.RuleKind() == ast.MultiValue && r.Head.Key != nil {
			if _, isName := r.Head.Key.Value.(ast.String); isName {
				return r.Head.Location.Row
			}
		}
	}
	return 0
}

// except makes the entry points of a module heed the exceptions of its package, which
// may stand in another file. Conftest asks for the exceptions first; here each entry
// point becomes another one beside it that does. The Rego rules themselves stay as
// they are to others: to those that read them, and to exceptions that do.
func (c Conftest) except(members []*rule.Document, module *ast.Module, entrypoints []rule.Entrypoint) []rule.Entrypoint {
	if !slices.ContainsFunc(members, func(member *rule.Document) bool {
		return member.Module.Package.Path.Equal(module.Package.Path) && slices.Contains(definedNames(member.Module), exceptionRule)
	}) {
		return entrypoints
	}
	changed := slices.Clone(entrypoints)
	for i := range changed {
		name := changed[i].Name
		changed[i].Name = name + "_unless_excepted"
		if guarded := unlessExcepted(module, changed[i].Name, name); changed[i].Alone {
			addTo(module, guarded)
		} else {
			addCopies(module, name, guarded)
		}
	}
	return changed
}

// unlessExcepted returns a Rego rule that is what another one is where no exception
// names that. Its types are hidden from the compiler: exceptions that name no rules,
// as with numbers, are none to conftest, and no mistake. It stands where the other one
// begins to ask, so that what is wrong with it is wrong with the file, and what tests
// cover is the same.
func unlessExcepted(module *ast.Module, name, original string) *ast.Rule {
	text := fmt.Sprintf("package p\n%s := %s if count([1 | some reeve_i, reeve_j; object.get({0: %s}, 0, 0)[reeve_i][reeve_j] == %q]) == 0",
		name, original, exceptionRule, exceptionName(original))
	made := ast.MustParseModuleWithOpts(text, ast.ParserOptions{RegoVersion: ast.RegoV1}).Rules[0] // names of entry points are words
	at := slices.IndexFunc(module.Rules, func(r *ast.Rule) bool { return definedName(r) == original })
	location := module.Rules[at].Body.Loc()
	ast.WalkNodes(made, func(node ast.Node) bool {
		node.SetLoc(location)
		return false
	})
	return made
}

// addCopies adds copies of the Rego rules of one name to a module, with the name and
// the condition of another one.
func addCopies(module *ast.Module, name string, guarded *ast.Rule) {
	described := false
	for _, original := range slices.Clone(module.Rules) {
		if definedName(original) != name {
			continue
		}
		added := original.Copy()
		added.Head.Name = guarded.Head.Name
		added.Head.Reference = guarded.Head.Reference.Copy()
		for _, expression := range guarded.Body {
			added.Body.Append(expression.Copy())
		}
		addTo(module, added)
		described = rule.Annotate(module, original, added, described)
	}
}

func addTo(module *ast.Module, r *ast.Rule) {
	r.Module = module
	module.Rules = append(module.Rules, r)
}
