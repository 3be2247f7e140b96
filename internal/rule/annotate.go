package rule

import "github.com/open-policy-agent/opa/v1/ast"

// Annotate adds to a module what METADATA says of a Rego rule, for a copy of it. What
// it says of the whole document stands at each of the document's rules and is added
// once: described tells whether it was, and the result whether it is now.
func Annotate(module *ast.Module, original, copied *ast.Rule, described bool) bool {
	for _, annotations := range original.Annotations {
		ofDocument := annotations.Scope == "document"
		if ofDocument && described {
			continue
		}
		described = described || ofDocument
		module.Annotations = append(module.Annotations, annotations.Copy(copied))
	}
	return described
}
