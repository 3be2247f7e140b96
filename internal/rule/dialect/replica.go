package dialect

import (
	"slices"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// replica is the objects of an inventory as kube-mgmt keeps them, made once for as
// long as the inventory stays as it is, and of each namespace for as long as that does.
type replica struct {
	asked bool // some rule asks for it

	mu        sync.Mutex
	inventory *ast.Term
	made      ast.Object
	parts     map[*ast.Term]kindsByPlural // of the inventory, by what they were made from
}

// kindsByPlural are objects by the plural name of their kind and by their own.
type kindsByPlural map[string]*ast.Term

// of returns what rules see. An object that is being created is not in the cluster
// yet, also where a scan asks as if it were.
func (r *replica) of(s *rule.Subject) *ast.Term {
	objects := r.all(s.Inventory)
	if s.Resource.Operation == resource.Create || s.Resource.Operation == resource.Scan {
		path := []string{pluralOf(s.Resource.GroupKind()), s.Resource.EffectiveNamespace(), s.Resource.Name}
		if path[1] == "" {
			path = slices.Delete(path, 1, 2)
		}
		objects = without(objects, path)
	}
	return ast.NewTerm(objects)
}

func (r *replica) all(inventory *ast.Term) ast.Object {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inventory == inventory {
		return r.made
	}
	whole, _ := inventory.Value.(ast.Object)
	parts := make(map[*ast.Term]kindsByPlural)
	part := func(byVersion *ast.Term) kindsByPlural {
		if parts[byVersion] = r.parts[byVersion]; parts[byVersion] == nil {
			parts[byVersion] = byPlural(byVersion)
		}
		return parts[byVersion]
	}
	namespaced := make(map[string][][2]*ast.Term)
	eachField(whole.Get(rule.Name("namespace")), func(namespace string, byVersion *ast.Term) {
		for plural, objects := range part(byVersion) {
			namespaced[plural] = append(namespaced[plural], ast.Item(ast.StringTerm(namespace), objects))
		}
	})
	made := ast.NewObject()
	if cluster := whole.Get(rule.Name("cluster")); cluster != nil {
		for plural, objects := range part(cluster) {
			made.Insert(ast.StringTerm(plural), objects)
		}
	}
	for plural, namespaces := range namespaced {
		made.Insert(ast.StringTerm(plural), ast.ObjectTerm(namespaces...))
	}
	r.inventory, r.made, r.parts = inventory, made, parts
	return made
}

// byPlural returns the objects of one namespace, or of none. Kinds of several versions
// or groups may have the same plural name.
func byPlural(byVersion *ast.Term) kindsByPlural {
	found := make(kindsByPlural)
	eachField(byVersion, func(version string, byKind *ast.Term) {
		eachField(byKind, func(kind string, byName *ast.Term) {
			plural := pluralOf(schema.FromAPIVersionAndKind(version, kind).GroupKind())
			if found[plural] == nil {
				found[plural] = byName
				return
			}
			both := ast.NewObject()
			for _, each := range []*ast.Term{found[plural], byName} {
				eachField(each, func(name string, object *ast.Term) { both.Insert(ast.StringTerm(name), object) })
			}
			found[plural] = ast.NewTerm(both)
		})
	})
	return found
}

// without returns an object without what is at a path, the object itself where
// there is nothing.
func without(object ast.Object, path []string) ast.Object {
	key := ast.StringTerm(path[0])
	at := object.Get(key)
	if at == nil {
		return object
	}
	below, isObject := at.Value.(ast.Object)
	if len(path) > 1 && !isObject {
		return object
	}
	var replaced ast.Object
	if len(path) > 1 {
		if replaced = without(below, path[1:]); replaced == below {
			return object
		}
	}
	kept := ast.NewObject()
	object.Foreach(func(k, v *ast.Term) {
		if !k.Equal(key) {
			kept.Insert(k, v)
		}
	})
	if replaced != nil {
		kept.Insert(key, ast.NewTerm(replaced))
	}
	return kept
}

// eachField calls f with each field of an object.
func eachField(term *ast.Term, f func(string, *ast.Term)) {
	if term == nil {
		return
	}
	fields, ok := term.Value.(ast.Object)
	if !ok {
		return
	}
	fields.Foreach(func(key, value *ast.Term) {
		if name, ok := key.Value.(ast.String); ok {
			f(string(name), value)
		}
	})
}
