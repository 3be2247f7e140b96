package engine

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/rule"
)

// plan is what to evaluate for one kind in one scope. Native rules come first: foreign
// ones must not use up their time.
type plan struct {
	all []*entry
	// unshared are the entries that are evaluated even when the cache knows what
	// the others found in an object that is the same but for its name and the like.
	unshared []*entry
	// rest are those that are evaluated even when it knows what all the others
	// found in the same object.
	rest []*entry
	// needy are the entries that read the inventory.
	needy []*entry
}

// keepsSingle tells whether what some rules found is kept for one object alone.
func (p *plan) keepsSingle() bool { return len(p.rest) < len(p.unshared) }

// plans returns the plan of every kind and scope that some rule is asked about.
func plans(entries []*entry, kinds []schema.GroupKind, hasInventory bool) map[planKey]*plan {
	ordered := slices.Clone(entries)
	slices.SortStableFunc(ordered, func(a, b *entry) int { return boolCompare(!a.rule.Builtin, !b.rule.Builtin) })
	made := make(map[planKey]*plan)
	for _, kind := range kinds {
		for scope := range scopes {
			if plan := newPlan(ordered, kind, scope, hasInventory); len(plan.all) > 0 {
				made[planKey{kind, scope}] = plan
			}
		}
	}
	return made
}

func newPlan(entries []*entry, kind schema.GroupKind, scope Scope, hasInventory bool) *plan {
	made := &plan{}
	for _, entry := range entries {
		if !asks(entry.rule, kind, scope, hasInventory) {
			continue
		}
		made.all = append(made.all, entry)
		if len(entry.rule.Inventory) > 0 && hasInventory {
			made.needy = append(made.needy, entry)
		}
		if entry.reach > shared {
			made.unshared = append(made.unshared, entry)
		}
		if entry.reach > single {
			made.rest = append(made.rest, entry)
		}
	}
	return made
}

// asks tells whether a rule is asked about a kind in a scope.
func asks(r *rule.Rule, kind schema.GroupKind, scope Scope, hasInventory bool) bool {
	switch {
	case !r.Judges(kind), !r.At(scopeDoor(scope)), scope == ScanOwned && r.Template:
		return false
	}
	return !r.Waits() || hasInventory
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
