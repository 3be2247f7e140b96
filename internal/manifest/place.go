package manifest

import (
	"github.com/go-json-experiment/json"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/resource"
)

// Place puts the resources of manifests where they will be: into their
// namespaces, and below their owners only where those are judged as well.
func Place(objects []Object) []*resource.Resource {
	type name struct {
		kind            schema.GroupKind
		namespace, name string
	}
	known := make(map[name]bool)
	uids := make(map[string]bool)
	namespaces := make(map[string]*resource.Namespace)
	for _, object := range objects {
		res := object.Resource
		known[name{res.GroupKind(), res.Identity.Namespace, res.Name}] = true
		uids[res.UID] = res.UID != ""
		if res.GroupKind() == (schema.GroupKind{Kind: "Namespace"}) {
			namespaces[res.Name] = namespaceOf(res)
		}
	}
	placed := make([]*resource.Resource, len(objects))
	for i, object := range objects {
		res := *object.Resource
		if owner := res.Owner; owner != nil && !uids[owner.UID] && !known[name{owner.GroupKind, res.Identity.Namespace, owner.Name}] {
			res.Owner = nil
		}
		res.Namespace = namespaces[res.EffectiveNamespace()]
		placed[i] = &res
	}
	return placed
}

// namespaceOf returns what rules see of a namespace.
func namespaceOf(res *resource.Resource) *resource.Namespace {
	var object struct {
		Metadata struct {
			Labels      map[string]string `json:"labels"`
			Annotations map[string]string `json:"annotations"`
		} `json:"metadata"`
	}
	if json.Unmarshal(res.Object, &object) != nil {
		return &resource.Namespace{Name: res.Name} // the API server would refuse such labels
	}
	return &resource.Namespace{Name: res.Name, Labels: object.Metadata.Labels, Annotations: object.Metadata.Annotations}
}
