package kubescape

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
)

// rulesRead returns the names that the Rego rules of a module read.
func rulesRead(module *ast.Module) map[ast.Var]bool {
	read := make(map[ast.Var]bool)
	for _, r := range module.Rules {
		for _, name := range names(r) {
			read[name] = true
		}
	}
	return read
}

// nameOwnRules makes a module call its own rules by their names alone, where it calls
// them data.armo_builtins.name or by the name of an import.
func nameOwnRules(module *ast.Module) {
	imports := rule.ImportsOf(module)
	operators := make(map[*ast.Term]bool)
	eachCall(module, func(operator *ast.Term, _ string) { operators[operator] = true })
	rule.WalkTerms(module, func(term *ast.Term) bool {
		ref, ok := term.Value.(ast.Ref)
		if !ok {
			return false
		}
		if head, _ := ref[0].Value.(ast.Var); imports[head].Equal(packageRef) {
			ref = imports.Expand(ref)
		}
		if !ref.HasPrefix(packageRef) || len(ref) == len(packageRef) {
			return false
		}
		name, ok := ref[len(packageRef)].Value.(ast.String)
		if !ok {
			return false
		}
		own := ast.Ref{ast.VarTerm(string(name))}.Concat(ref[len(packageRef)+1:])
		if term.Value = own; len(own) == 1 && !operators[term] {
			term.Value = ast.Var(name)
		}
		return false
	})
}

// names returns every variable in the bodies and results of a Rego rule: those
// that name other rules are among them.
func names(r *ast.Rule) []ast.Var {
	var found []ast.Var
	visitor := ast.NewGenericVisitor(func(node any) bool {
		if variable, ok := node.(ast.Var); ok {
			found = append(found, variable)
		}
		return false
	})
	for ; r != nil; r = r.Else {
		visitor.Walk(r.Body)
		if r.Head.Key != nil {
			visitor.Walk(r.Head.Key)
		}
		if r.Head.Value != nil {
			visitor.Walk(r.Head.Value)
		}
	}
	return found
}
