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

// CacheKey returns the key of a resource at admission, "" when it has none.
func CacheKey(res *resource.Resource) string {
	k, ok := cacheKey(key{}, Admission, res)
	if !ok {
		return ""
	}
	return string(k[:])
}

// ShareOf returns how long the next of some entries may take.
var ShareOf = shareOf

// Cacheable tells whether the findings of a rule may be kept.
func (e *Engine) Cacheable(r *rule.Rule) bool { return e.fits[r] }

// Apart makes an engine evaluate all entries one by one from now on.
func (e *Engine) Apart() {
	for _, plan := range e.plans {
		for _, batch := range []batch{plan.all, plan.rest} {
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
