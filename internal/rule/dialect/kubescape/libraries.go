package kubescape

import (
	"fmt"
	"io/fs"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
)

// ownBuiltins are functions that Kubescape adds to Rego, and where our library
// has them.
var ownBuiltins = map[string]ast.Ref{
	"image.parse_normalized_name": ast.MustParseRef("data.reeve_kubescape.parse_normalized_name"),
}

// networkBuiltins are functions that Kubescape adds to Rego and that ask others
// over the network.
var networkBuiltins = []string{"cosign.verify", "cosign.has_signature", "networkscanner.isUnauthenticatedService"}

// shared is what all rules of a tree use.
type shared struct {
	unit  *rule.Unit
	files []rule.File
}

// newUnit returns the libraries among documents that rules use, and our own for
// what rules use and the tree does not have, with the control inputs.
func newUnit(number int, documents []*rule.Document, rules []*source, inputs *controlInputs) *shared {
	s := &shared{unit: rule.NewUnit(fmt.Sprintf("kubescape_%d", number))}
	var modules []*ast.Module
	for _, r := range rules {
		callOwnBuiltins(r.program.Module)
		modules = append(modules, r.program.Module)
	}
	var used []*rule.Document
	candidates := append(slices.Clone(documents), ownLibraries(number)...)
	for {
		found := usedBy(modules, candidates, used)
		if len(found) == 0 {
			break
		}
		for _, document := range found {
			document.Claimed = true
			modules = append(modules, document.Module)
		}
		used = append(used, found...)
	}
	for _, document := range used {
		s.unit.Add(document.Module)
	}
	files := make([]rule.File, 0, len(used)+1)
	data := inputs.documents(s.unit)
	for _, document := range used {
		files = append(files, rule.File{Name: document.Name, Source: document.Content, Module: readAll(s.unit.Move(document.Module)), Foreign: true})
	}
	files = append(files, rule.File{Name: fmt.Sprintf("kubescape_%d", number), Foreign: true, Documents: data})
	s.files = files
	return s
}

// usedBy returns the libraries among candidates that modules refer to. Of a
// package that a tree defines, ours is not taken.
func usedBy(modules []*ast.Module, candidates, used []*rule.Document) []*rule.Document {
	references := make(map[string]bool)
	for _, module := range modules {
		rule.WalkRefs(module, func(ref ast.Ref) bool {
			if ref.HasPrefix(ast.DefaultRootRef) {
				ground := ref.GroundPrefix()
				for n := 2; n <= len(ground); n++ {
					references[ground[:n].String()] = true
				}
			}
			return false
		})
	}
	defined := make(map[string]bool)
	for _, document := range used {
		defined[document.Module.Package.Path.String()] = true
	}
	var found []*rule.Document
	for _, document := range candidates {
		if document.Claimed || document.Module == nil {
			continue
		}
		path := document.Module.Package.Path.String()
		own := document.Tree == ownTree
		if references[path] && (!own || !defined[path]) {
			found = append(found, document)
			defined[path] = true
		}
	}
	return found
}

// ownTree marks the libraries that come with Reeve.
const ownTree = "built-in"

// ownLibraries returns our libraries under names of the tree's own.
func ownLibraries(number int) []*rule.Document {
	files, _ := fs.Glob(library, "library/*.rego") // the pattern is good
	documents := make([]*rule.Document, 0, len(files))
	for _, file := range files {
		content, _ := library.ReadFile(file) // embedded
		name := fmt.Sprintf("kubescape_%d/%s", number, file)
		module, err := ast.ParseModuleWithOpts(name, string(content), ast.ParserOptions{RegoVersion: ast.RegoV1})
		if err != nil {
			panic(err) // embedded, and tests read it
		}
		documents = append(documents, &rule.Document{Name: name, Tree: ownTree, Path: file, Content: content, Module: module})
	}
	return documents
}

// callOwnBuiltins leads calls of the functions that Kubescape adds to our
// library.
func callOwnBuiltins(module *ast.Module) {
	eachCall(module, func(operator *ast.Term, name string) {
		if to := ownBuiltins[name]; to != nil {
			operator.Value = to
		}
	})
}

// networkBuiltin returns the first function that a module calls and that asks
// others over the network, and the line; "" where there is none.
func networkBuiltin(module *ast.Module) (name string, line int) {
	eachCall(module, func(operator *ast.Term, called string) {
		if name == "" && slices.Contains(networkBuiltins, called) {
			name, line = called, operator.Location.Row
		}
	})
	return name, line
}

// eachCall calls f with the operator of each call and its name.
func eachCall(module *ast.Module, f func(operator *ast.Term, name string)) {
	visit := func(terms []*ast.Term) {
		if len(terms) > 1 {
			if ref, ok := terms[0].Value.(ast.Ref); ok {
				f(terms[0], ref.String())
			}
		}
	}
	ast.WalkExprs(module, func(expr *ast.Expr) bool {
		if terms, ok := expr.Terms.([]*ast.Term); ok {
			visit(terms)
		}
		return false
	})
	rule.WalkTerms(module, func(term *ast.Term) bool {
		if call, ok := term.Value.(ast.Call); ok {
			visit(call)
		}
		return false
	})
}
