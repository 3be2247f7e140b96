package scan

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// loadInventory fills the inventory with what rules need. A need that cannot be
// read fails there: rules that have it are not judged.
func (p *pass) loadInventory(ctx context.Context) {
	for _, need := range p.Needs {
		objects, err := p.readNeed(ctx, need)
		if err == nil {
			err = p.Inventory.Replace(need.Kind, objects)
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			p.Inventory.Fail(need.Kind, err.Error())
			p.fail(need.Kind, err)
		}
	}
}

// readNeed reads the objects of a need; none, where the server does not have
// the kind.
func (p *pass) readNeed(ctx context.Context, need rule.Need) ([]*resource.Resource, error) {
	if need.Kind.Group == HealthGroup {
		return nil, errors.New("rules may judge resources of " + HealthGroup + ", but not read them through the inventory")
	}
	mapping := p.mappings[need.Kind]
	if mapping == nil {
		if reason, failed := p.sum.Failed[need.Kind.String()]; failed {
			return nil, errors.New(reason)
		}
		return nil, nil
	}
	if need.Sample {
		return p.readSample(ctx, mapping)
	}
	var objects []*resource.Resource
	err := each(ctx, p.reader(mapping), func(raw jsontext.Value) (bool, error) {
		res, err := resource.FromObject(raw, mapping.GroupVersionKind)
		objects = append(objects, res)
		return true, err
	})
	return objects, err
}

// readSample reads the metadata of one object per namespace, and stops when
// every namespace has one.
func (p *pass) readSample(ctx context.Context, mapping *meta.RESTMapping) ([]*resource.Resource, error) {
	enough := len(p.namespaces)
	if p.namespaces == nil {
		enough = -1
	}
	if !namespaced(mapping) {
		enough = 1
	}
	sample := make(map[string]*resource.Resource)
	err := each(ctx, p.metadataReader(mapping), func(raw jsontext.Value) (bool, error) {
		res, err := metadataOnly(raw, mapping.GroupVersionKind)
		if err != nil {
			return false, err
		}
		if sample[res.Identity.Namespace] == nil {
			sample[res.Identity.Namespace] = res
		}
		return len(sample) != enough, nil
	})
	return slices.Collect(maps.Values(sample)), err
}

// metadataOnly returns the resource of an object of which only the metadata is
// kept. The API server calls such objects PartialObjectMetadata; here they bear
// their own kind.
func metadataOnly(raw jsontext.Value, kind schema.GroupVersionKind) (*resource.Resource, error) {
	var object struct {
		APIVersion string         `json:"apiVersion"`
		Kind       string         `json:"kind"`
		Metadata   jsontext.Value `json:"metadata"`
	}
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, err
	}
	object.APIVersion, object.Kind = kind.ToAPIVersionAndKind()
	trimmed, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	return resource.FromObject(trimmed, schema.GroupVersionKind{})
}
