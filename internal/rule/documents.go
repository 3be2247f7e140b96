package rule

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// NewStore returns a store of documents, each where it is read.
func NewStore(documents []DataDocument) (storage.Store, error) {
	root := make(map[string]any)
	for _, document := range documents {
		value, err := ast.JSON(document.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", document.Path, err)
		}
		put(root, document.Path[1:], value)
	}
	return inmem.NewFromObjectWithOpts(root, inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(true)), nil
}

// put stores a value below a path, whose terms are strings.
func put(at map[string]any, path ast.Ref, value any) {
	for i, term := range path {
		name := string(term.Value.(ast.String))
		if i == len(path)-1 {
			at[name] = value
			return
		}
		below, ok := at[name].(map[string]any)
		if !ok {
			below = make(map[string]any)
			at[name] = below
		}
		at = below
	}
}
