package engine

import (
	"math"
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

// Apart makes an engine evaluate all entries one by one from now on.
func (e *Engine) Apart() {
	for _, plan := range e.plans {
		for _, batch := range []batch{plan.all, plan.unshared, plan.rest} {
			for _, link := range batch.links {
				link.meter.suspect.Store(math.MaxInt64)
			}
			if batch.joint != nil {
				batch.joint.meter.suspect.Store(math.MaxInt64)
			}
		}
	}
}

// Joint returns the ids of the rules that are evaluated together with others of their
// dialect though each has arguments of its own, sorted.
func (e *Engine) Joint() []string {
	var ids []string
	for _, entry := range e.entries {
		if entry.joint != nil {
			ids = append(ids, entry.rule.ID)
		}
	}
	slices.Sort(ids)
	return ids
}
