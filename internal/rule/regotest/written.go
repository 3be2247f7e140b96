package regotest

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
)

// asWritten stands before the names of modules that are taken as they are written,
// beside what has become of them.
const asWritten = "as written: "

// meant returns the modules, as they are written, that tests mean by the packages
// that they name or are in, and what these modules import in turn.
func meant(options Options) []rule.File {
	loaded := make(map[string]bool)
	for _, file := range slices.Concat(options.Files, options.Tests) {
		if file.Module != nil {
			loaded[file.Name+" "+file.Module.Package.Path.String()] = true
		}
	}
	var found []rule.File
	for queue := slices.Clone(options.Tests); len(queue) > 0; queue = queue[1:] {
		for _, file := range options.Written {
			known := loaded[file.Name+" "+file.Module.Package.Path.String()]
			if !known && means(queue[0].Module, file.Module.Package.Path) {
				loaded[file.Name+" "+file.Module.Package.Path.String()] = true
				found = append(found, file)
				queue = append(queue, file)
			}
		}
	}
	return found
}

// means tells whether a module is in a package, or refers to it.
func means(module *ast.Module, path ast.Ref) bool {
	return module.Package.Path.Equal(path) || rule.Refers(module, path)
}
