package dialect

import (
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/loader"

	"github.com/kubereeve/reeve/internal/rule"
)

// ReadData reads a file, or a directory recursively, of YAML and JSON as conftest
// does with --data: what it holds is below data, in the place that its directory
// has. It fails, naming the file, when one of them cannot be read.
func ReadData(path string) ([]rule.DataDocument, error) {
	loaded, err := loader.NewFileLoader().Filtered([]string{path}, notRego)
	if err != nil {
		return nil, err
	}
	documents := make([]rule.DataDocument, 0, len(loaded.Documents))
	for _, name := range slices.Sorted(maps.Keys(loaded.Documents)) {
		value, err := ast.InterfaceToValue(loaded.Documents[name])
		if err != nil {
			return nil, err
		}
		documents = append(documents, rule.DataDocument{Path: ast.DefaultRootRef.Append(ast.StringTerm(name)), Value: value})
	}
	return documents, nil
}

// notRego leaves Rego files out.
func notRego(_ string, info fs.FileInfo, _ int) bool { return filepath.Ext(info.Name()) == ".rego" }
