package engine

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// subject parses a resource into what dialects make inputs of. It fails when the
// object, or the old one, cannot be parsed.
func (e *Engine) subject(res *resource.Resource, variant *variant) (*rule.Subject, *workload, error) {
	object, err := e.decoder.object(res.Object, res.Identity)
	if err != nil {
		return nil, nil, err
	}
	view := newWorkload(object, res.Identity, e.images)
	s := &rule.Subject{Resource: res, Object: object, Workload: view.term(), Parameters: variant.parameters}
	if len(res.OldObject) > 0 {
		if s.OldObject, err = e.decoder.object(res.OldObject, res.Identity); err != nil {
			return nil, nil, fmt.Errorf("old object: %w", err)
		}
	}
	return s, view, nil
}

// newStore returns a store of the data that comes with foreign rules.
func newStore(files []parsed) (storage.Store, error) {
	root := make(map[string]any)
	for _, file := range files {
		for _, document := range file.Documents {
			value, err := ast.JSON(document.Value)
			if err != nil {
				return nil, fmt.Errorf("data of %s: %w", file.Name, err)
			}
			put(root, document.Path[1:], value)
		}
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
