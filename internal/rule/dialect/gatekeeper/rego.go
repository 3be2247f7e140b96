package gatekeeper

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
)

// The packages and rules that templates are made of.
var (
	libraryRef   = ast.MustParseRef("data.lib")
	inventoryRef = ast.MustParseRef("data.inventory")
)

// entrypoint is the rule of a template whose results are findings.
const entrypoint = "violation"

func stringOf(i int) string { return strconv.Itoa(i) }

// parse parses the Rego of a template and checks what Gatekeeper demands of it.
func (t *Template) parse(source regoSource, at string) []*rule.Problem {
	// A file holds one module for whoever tells files apart by their names.
	name := t.document.Resource.Source.File
	if t.document.second {
		name += " (" + t.Kind + ")"
	}
	path := joinPath(at, "rego")
	module, wrong := t.module(name, path, source.Rego, source.Version)
	if len(wrong) > 0 {
		return wrong
	}
	t.Module = Piece{Name: name, Text: source.Rego, Module: module}
	if !defines(module, entrypoint) {
		return problems(t.document.problem(path, "it does not define %s; write violation[{\"msg\": msg}] { ... }", entrypoint))
	}
	if problem := t.checkViolations(module); problem != nil {
		return problems(problem)
	}
	for i, text := range source.Libs {
		index := step(stringOf(i))
		path := joinPath(at, "libs"+index)
		library := fmt.Sprintf("%s (%s libs%s)", name, t.Kind, index)
		module, wrong := t.module(library, path, text, source.Version)
		if len(wrong) > 0 {
			return wrong
		}
		if place := module.Package.Path; !place.HasPrefix(libraryRef) || len(place) <= len(libraryRef) {
			return problems(t.document.problem(path, "%s is no library; name the package lib.<name>", module.Package))
		}
		t.Libraries = append(t.Libraries, Piece{Name: library, Text: text, Module: module})
	}
	for _, module := range t.modules() {
		if problem := t.checkReferences(module); problem != nil {
			return problems(problem)
		}
		if problem := t.checkProviders(module); problem != nil {
			return problems(problem)
		}
	}
	return nil
}

// externalData is the builtin by which templates ask Gatekeeper's providers.
var externalData = ast.Ref{ast.VarTerm("external_data")}

// checkProviders refuses templates that ask providers of external data.
func (t *Template) checkProviders(module *ast.Module) *rule.Problem {
	var call *ast.Term
	rule.WalkTerms(module, func(term *ast.Term) bool {
		if ref, ok := term.Value.(ast.Ref); ok && call == nil && ref.Equal(externalData) {
			call = term
		}
		return call != nil
	})
	if call == nil {
		return nil
	}
	return &rule.Problem{File: t.document.Resource.Source.File, Line: call.Location.Row,
		Message: fmt.Sprintf("%s %s: it asks a provider of external data, which Reeve does not; leave the template to Gatekeeper", TemplateKind.Kind, t.document.identity().Name)}
}

// modules returns all modules of the template.
func (t *Template) modules() []*ast.Module {
	modules := append(make([]*ast.Module, 0, 1+len(t.Libraries)), t.Module.Module)
	for _, library := range t.Libraries {
		modules = append(modules, library.Module)
	}
	return modules
}

// module parses one piece of Rego, in version v0 unless v1 is asked for, as
// Gatekeeper does. What is not v0 at all may be v1 that forgot to say so.
func (t *Template) module(name, path, text, version string) (*ast.Module, []*rule.Problem) {
	order := []ast.RegoVersion{ast.RegoV0, ast.RegoV1}
	if version == "v1" {
		order = []ast.RegoVersion{ast.RegoV1}
	} else if version != "" && version != "v0" {
		return nil, problems(t.document.problem(strings.TrimSuffix(path, "rego")+"version", "%q is not a version of Rego; use v0 or v1", version))
	}
	// In a block of YAML the text begins on the line after its field. The empty
	// lines make the lines of the module those of the file.
	padded := strings.Repeat("\n", t.document.line(path)) + text
	var first error
	for _, version := range order {
		module, err := ast.ParseModuleWithOpts(name, padded, ast.ParserOptions{RegoVersion: version})
		if err == nil && module != nil {
			if problem := rule.CheckBounds(name, module); problem != nil {
				return nil, []*rule.Problem{problem}
			}
			return module, nil
		}
		if first == nil || regoLine(err) > regoLine(first) {
			first = err // it got further, so that is what the text is meant to be
		}
	}
	if errs, ok := errors.AsType[ast.Errors](first); ok {
		return nil, rule.ProblemsOf(errs)
	}
	return nil, problems(t.document.problem(path, "the Rego is empty; write package and violation"))
}

// regoLine returns the line of a parser's first error, 0 where it has none.
func regoLine(err error) int {
	errs, _ := errors.AsType[ast.Errors](err)
	if len(errs) == 0 || errs[0].Location == nil {
		return 0
	}
	return errs[0].Location.Row
}

// defines tells whether a module has a rule of a name.
func defines(module *ast.Module, name string) bool {
	for _, r := range module.Rules {
		if ref := r.Head.Ref(); len(ref) > 0 && ref[0].Value.Compare(ast.Var(name)) == 0 {
			return true
		}
	}
	return false
}

// isSet tells whether violation is a set, as it nearly always is.
func (t *Template) isSet() bool {
	return !slices.ContainsFunc(t.Module.Module.Rules, func(r *ast.Rule) bool {
		ref := r.Head.Ref()
		return ref[0].Value.Compare(ast.Var(entrypoint)) == 0 && (len(ref) > 1 || r.Head.RuleKind() != ast.MultiValue || r.Else != nil)
	})
}

// checkReferences refuses references to data that a template cannot have: all
// but its libraries and the inventory. They would be undefined for ever, and the
// template pass everything.
func (t *Template) checkReferences(module *ast.Module) *rule.Problem {
	var wrong *ast.Term
	rule.WalkTerms(module, func(term *ast.Term) bool {
		ref, ok := term.Value.(ast.Ref)
		if !ok || wrong != nil || len(ref) < 2 || !ref.HasPrefix(ast.DefaultRootRef) {
			return wrong != nil
		}
		if !ref.HasPrefix(libraryRef) && !ref.HasPrefix(inventoryRef) && !ref.HasPrefix(module.Package.Path) {
			wrong = term
		}
		return wrong != nil
	})
	if wrong == nil {
		return nil
	}
	return &rule.Problem{File: t.document.Resource.Source.File, Line: wrong.Location.Row,
		Message: fmt.Sprintf("%s %s: a template cannot read %s; it has data.inventory, and its libraries below data.lib", TemplateKind.Kind, t.document.identity().Name, wrong)}
}
