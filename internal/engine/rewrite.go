package engine

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
)

// Rules share an input, so what differs from rule to rule must not be in the same
// place of it for all of them. Rules are therefore
// rewritten before they are compiled:
//
//	input.parameters  becomes  input.parameters["rule-id"]
//	data.inventory    becomes  input.inventory
//
// The second spares a store and its transactions: an inventory is one immutable
// value that is handed over with the input.
var (
	parametersRef = ast.MustParseRef("input.parameters")
	inventoryRef  = ast.MustParseRef("data.inventory")
	inventoryTo   = ast.MustParseRef("input.inventory")
)

// rewrite returns a copy of a file's module as the engine runs it. A
// library cannot read input.parameters, because it has no rule id.
//
// Foreign modules keep their input, which their dialect makes; only the inventory
// is moved.
//
// It walks instead of using ast.TransformRefs, which passes over the collection
// in "some x in collection".
func rewrite(file rule.File) (*ast.Module, error) {
	if file.Module == nil {
		return nil, nil
	}
	module := file.Module.Copy()
	var err error
	seen := make(map[*ast.Term]bool)
	rule.WalkTerms(module, func(term *ast.Term) bool {
		ref, ok := term.Value.(ast.Ref)
		if !ok || seen[term] {
			return false
		}
		seen[term] = true
		switch {
		case file.Foreign && !ref.HasPrefix(inventoryRef):
			return false
		case ref.HasPrefix(parametersRef) && file.Rule == nil:
			err = fmt.Errorf("line %d: a library cannot read input.parameters; let the rule pass them as an argument", term.Location.Row)
		case ref.HasPrefix(parametersRef):
			own := parametersRef.Append(ast.StringTerm(file.Rule.ID))
			term.Value = own.Concat(ref[len(parametersRef):])
		case ref.HasPrefix(inventoryRef):
			term.Value = inventoryTo.Concat(ref[len(inventoryRef):])
		}
		return false
	})
	return module, err
}
