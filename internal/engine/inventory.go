package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// Inventory holds the cluster objects that rules read through data.inventory.
// Whoever owns it fills it from lists, watches or files; evaluations see an
// immutable snapshot. It is safe for concurrent use.
type Inventory struct {
	decoder   *decoder
	asWritten bool // objects that name no namespace are in none

	mu      sync.Mutex
	kinds   map[schema.GroupKind]*inventoryKind
	tree    *branch   // of all objects, as rules see them
	current *snapshot // nil when something has changed since
}

// inventoryKind holds what is known of one kind.
type inventoryKind struct {
	objects map[inventoryName]inventoryObject
	// complete is true once all objects of the kind are there.
	complete bool
	// failure says why they are not, where that is known.
	failure string
}

type inventoryName struct{ namespace, name string }

type inventoryObject struct {
	apiVersion string
	value      *ast.Term
}

// path returns where rules find an object: .namespace.<ns>.<apiVersion>.<Kind>.<name>
// or .cluster.<apiVersion>.<Kind>.<name>.
func (o inventoryObject) path(kind schema.GroupKind, name inventoryName) []string {
	if name.namespace == "" {
		return []string{"cluster", o.apiVersion, kind.Kind, name.name}
	}
	return []string{"namespace", name.namespace, o.apiVersion, kind.Kind, name.name}
}

// snapshot is an inventory as one evaluation sees it.
type snapshot struct {
	value    *ast.Term
	known    map[schema.GroupKind]bool
	failures map[schema.GroupKind]string
}

// NewInventory returns an inventory in which no kind is known yet.
func NewInventory() *Inventory {
	return &Inventory{decoder: newDecoder(), kinds: make(map[schema.GroupKind]*inventoryKind), tree: newBranch()}
}

// NewInventoryAsWritten returns an inventory in which objects of files that name no
// namespace are in none, and not where kubectl would put them.
func NewInventoryAsWritten() *Inventory {
	inventory := NewInventory()
	inventory.asWritten = true
	return inventory
}

// Replace makes the given objects all that is known of a kind. It fails, and
// changes nothing, when an object cannot be parsed.
func (i *Inventory) Replace(kind schema.GroupKind, objects []*resource.Resource) error {
	known := &inventoryKind{objects: make(map[inventoryName]inventoryObject, len(objects)), complete: true}
	for _, res := range objects {
		name, object, err := i.decode(res)
		if err != nil {
			return err
		}
		known.objects[name] = object
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.change(kind, known)
	return nil
}

// change puts what is known of a kind in the place of what was known before.
func (i *Inventory) change(kind schema.GroupKind, known *inventoryKind) {
	if before := i.kinds[kind]; before != nil {
		for name, object := range before.objects {
			i.tree.remove(object.path(kind, name))
		}
	}
	for name, object := range known.objects {
		i.tree.put(object.path(kind, name), object.value)
	}
	i.kinds[kind] = known
	i.current = nil
}

// Fill makes the given objects the whole cluster as far as rules need it. Kinds
// of which an object cannot be parsed are failed, and the reasons returned.
func (i *Inventory) Fill(needs []rule.Need, objects []*resource.Resource) error {
	var errs []error
	for _, need := range rule.SpellOut(needs, i.kindsWith(objects)) {
		var chosen []*resource.Resource
		sampled := make(map[string]bool)
		for _, res := range objects {
			if res.GroupKind() != need.Kind || need.Sample && sampled[res.EffectiveNamespace()] {
				continue
			}
			sampled[res.EffectiveNamespace()] = true
			chosen = append(chosen, res)
		}
		if err := i.Replace(need.Kind, chosen); err != nil {
			i.Fail(need.Kind, err.Error())
			errs = append(errs, fmt.Errorf("inventory of %s: %w", need.Kind, err))
		}
	}
	return errors.Join(errs...)
}

// kindsWith returns the kinds of objects, and those that something is known of.
func (i *Inventory) kindsWith(objects []*resource.Resource) []schema.GroupKind {
	i.mu.Lock()
	defer i.mu.Unlock()
	kinds := slices.Collect(maps.Keys(i.kinds))
	for _, res := range objects {
		kinds = append(kinds, res.GroupKind())
	}
	return kinds
}

// Put adds or replaces one object. The kind is not known before Complete or
// Replace says that nothing is missing.
func (i *Inventory) Put(res *resource.Resource) error {
	name, object, err := i.decode(res)
	if err != nil {
		return err
	}
	kind := res.GroupKind()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.remove(kind, name) // it may have been of another version
	i.kind(kind).objects[name] = object
	i.tree.put(object.path(kind, name), object.value)
	i.current = nil
	return nil
}

// remove forgets an object, if it is known.
func (i *Inventory) remove(kind schema.GroupKind, name inventoryName) {
	known := i.kinds[kind]
	if known == nil {
		return
	}
	if object, ok := known.objects[name]; ok {
		delete(known.objects, name)
		i.tree.remove(object.path(kind, name))
		i.current = nil
	}
}

// Complete says that all objects of a kind have been put.
func (i *Inventory) Complete(kind schema.GroupKind) {
	i.mu.Lock()
	defer i.mu.Unlock()
	known := i.kind(kind)
	known.complete, known.failure = true, ""
	i.current = nil
}

// kind returns what is known of a kind.
func (i *Inventory) kind(kind schema.GroupKind) *inventoryKind {
	if i.kinds[kind] == nil {
		i.kinds[kind] = &inventoryKind{objects: make(map[inventoryName]inventoryObject)}
	}
	return i.kinds[kind]
}

// Delete removes one object.
func (i *Inventory) Delete(res *resource.Resource) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.remove(res.GroupKind(), i.name(res))
}

// Fail forgets a kind and records why it cannot be read. Rules that need it are
// not judged, as they would take every object for missing.
func (i *Inventory) Fail(kind schema.GroupKind, reason string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.change(kind, &inventoryKind{failure: reason, objects: make(map[inventoryName]inventoryObject)})
}

// decode parses an object.
func (i *Inventory) decode(res *resource.Resource) (inventoryName, inventoryObject, error) {
	object, err := i.decoder.object(res.Object, res.Identity)
	return i.name(res), inventoryObject{res.APIVersion, ast.NewTerm(object)}, err
}

// name returns what an object is called.
func (i *Inventory) name(res *resource.Resource) inventoryName {
	if i.asWritten {
		return inventoryName{res.Identity.Namespace, res.Name}
	}
	return inventoryName{res.EffectiveNamespace(), res.Name}
}

// snapshot returns the inventory as it is now.
func (i *Inventory) snapshot() *snapshot {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.current == nil {
		i.current = i.build()
	}
	return i.current
}

// build makes a snapshot. What has not changed since the last one is the same.
func (i *Inventory) build() *snapshot {
	s := &snapshot{value: i.tree.term(), known: make(map[schema.GroupKind]bool), failures: make(map[schema.GroupKind]string)}
	for kind, known := range i.kinds {
		s.known[kind] = known.complete
		s.failures[kind] = known.failure
	}
	return s
}

// lacks returns why a rule that reads the given kinds cannot be judged, or "".
func (s *snapshot) lacks(needs []rule.Need) string {
	for _, need := range needs {
		if s.known[need.Kind] || need.Optional {
			continue
		}
		reason := s.failures[need.Kind]
		if reason == "" {
			reason = "not loaded yet"
		}
		return fmt.Sprintf("the inventory has no %s: %s", need.Kind, reason)
	}
	return ""
}
