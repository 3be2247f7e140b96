package engine

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// ParseImage returns what rules see as a container's image, as plain JSON types.
func ParseImage(image string) any {
	value, err := ast.JSON(newImages().term(image).Value)
	if err != nil {
		panic(err)
	}
	return value
}

// CacheKeys returns the keys of a resource at admission, of what it shares with its
// replicas and of all of it; "" when it has none.
func CacheKeys(res *resource.Resource) (shared, single string) {
	k, ok := cacheKeys(key{}, Admission, res, true)
	if !ok {
		return "", ""
	}
	return string(k.shared[:]), string(k.single[:])
}

// ShareOf returns how long the next of some entries may take.
var ShareOf = shareOf

// KeptFor says for what the findings of a rule may be kept: replicas, one object, or
// nothing.
func (e *Engine) KeptFor(r *rule.Rule) string {
	return map[reach]string{shared: "replicas", single: "one object", beyond: "nothing"}[e.reaches[r]]
}

// Seen returns what rules see of the inventory.
func (i *Inventory) Seen() *ast.Term { return i.snapshot().value }

// Apart makes an engine evaluate all entries by OPA's evaluator from now on, as they
// are written, one by one.
func (e *Engine) Apart() {
	for _, entry := range e.entries {
		entry.planned = false
	}
}

// Copied returns the ids of the rules that are evaluated as copies with their
// arguments, sorted.
func (e *Engine) Copied() []string {
	var ids []string
	for _, entry := range e.entries {
		if entry.copy != nil {
			ids = append(ids, entry.rule.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// Unplanned returns the ids of the rules that the interpreter cannot be asked about.
func (e *Engine) Unplanned() []string {
	var ids []string
	for _, entry := range e.entries {
		if !entry.planned {
			ids = append(ids, entry.rule.ID)
		}
	}
	return ids
}
