package engine

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/storage"

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
	var documents []rule.DataDocument
	for _, file := range files {
		documents = append(documents, file.Documents...)
	}
	store, err := rule.NewStore(documents)
	if err != nil {
		return nil, fmt.Errorf("data of rules: %w", err)
	}
	return store, nil
}
