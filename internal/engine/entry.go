package engine

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/engine/interpreter"
	"github.com/kubereeve/reeve/internal/engine/specialize"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
)

// entry is one entry point of one rule.
type entry struct {
	rule  *rule.Rule
	name  string
	mode  finding.Mode
	alone bool // it has an input of its own
	reach reach
	// copy is its Rego with its arguments, where it has any: copies share an input.
	copy *specialize.Copy
	// own is the package that holds what its own file says, where other files add to
	// what its name means.
	own ast.Ref
	// planned is true when the interpreter can be asked. Otherwise, and where it
	// fails, OPA's evaluator is asked the query.
	planned bool
	asked   interpreter.Rule
	query   ast.Body
	slow    suspect
}

// ref returns the entry point's full name, as in data.reeve.x.y.violation.
func (e *entry) ref() ast.Ref { return e.rule.Package.Append(ast.StringTerm(e.name)) }

// original returns the full name of what the entry is without its arguments.
func (e *entry) original() ast.Ref {
	if e.own != nil {
		return e.own.Append(ast.StringTerm(e.name))
	}
	return e.ref()
}

// evaluated returns the full name of what is evaluated for the entry.
func (e *entry) evaluated() ast.Ref {
	if e.copy != nil {
		return e.copy.Ref
	}
	return e.original()
}

// standsIn tells whether the Rego of an entry, or of its copy, is written in a file.
func (e *entry) standsIn(file string) bool {
	return e.rule.File == file || e.copy != nil && e.copy.Files[file]
}
