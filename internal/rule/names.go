package rule

import (
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// CheckNames returns a problem when a module has a variable of a kind that OPA's
// compiler makes for itself; nil when it has none. Where one is taken for the other,
// OPA's evaluator may call itself without end, which ends the process.
func CheckNames(file string, module *ast.Module) *Problem {
	var problem *Problem
	WalkTerms(module, func(term *ast.Term) bool {
		name, ok := term.Value.(ast.Var)
		if ok && strings.HasPrefix(string(name), ast.LocalVarPrefix) && problem == nil {
			problem = &Problem{File: file, Message: fmt.Sprintf("the variable %s has a name that OPA's compiler gives; rename it", name)}
			if term.Location != nil {
				problem.Line = term.Location.Row
			}
		}
		return problem != nil
	})
	return problem
}
