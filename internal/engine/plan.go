package engine

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/rule"
)

// plan is what to evaluate for one kind in one scope.
type plan struct {
	all batch
	// unshared holds the entries that are evaluated even when the cache knows what
	// the others found in an object that is the same but for its name and the like.
	unshared batch
	// rest holds those that are evaluated even when it knows what all the others
	// found in the same object.
	rest batch
	// needy are the entries that read the inventory.
	needy []int
}

// keepsSingle tells whether what some rules found is kept for one object alone.
func (p *plan) keepsSingle() bool { return p.rest.size() < p.unshared.size() }

// batch is a number of entries, by how they are evaluated.
type batch struct {
	links []*link // together, one link for each dialect
	joint *joint  // together, those of rules with arguments; nil for none
	alone []int   // one by one
}

func (b batch) empty() bool { return b.size() == 0 }

// size returns the number of entries.
func (b batch) size() int {
	n := len(b.alone)
	if b.joint != nil {
		n += len(b.joint.entries)
	}
	for _, link := range b.links {
		n += len(link.entries)
	}
	return n
}

// planner decides which entries are evaluated for which kind and scope. Kinds
// with the same entries share links.
type planner struct {
	entries      []*entry
	hasInventory bool
	links        []*link
	byEntries    map[string]*link
	joints       map[string]*joint
}

func newPlanner(entries []*entry, hasInventory bool) *planner {
	return &planner{entries: entries, hasInventory: hasInventory, byEntries: make(map[string]*link), joints: make(map[string]*joint)}
}

// plans returns the plan of every kind and scope that some rule is asked about.
func (p *planner) plans(kinds []schema.GroupKind) map[planKey]*plan {
	plans := make(map[planKey]*plan)
	for _, kind := range kinds {
		for scope := range scopes {
			if plan := p.plan(kind, scope); plan != nil {
				plans[planKey{kind, scope}] = plan
			}
		}
	}
	return plans
}

func (p *planner) plan(kind schema.GroupKind, scope Scope) *plan {
	var all, unshared, rest, needy []int
	for number, entry := range p.entries {
		if !p.asks(entry.rule, kind, scope) {
			continue
		}
		if len(entry.rule.Inventory) > 0 && p.hasInventory {
			needy = append(needy, number)
		}
		all = append(all, number)
		if entry.reach > shared {
			unshared = append(unshared, number)
		}
		if entry.reach > single {
			rest = append(rest, number)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return &plan{all: p.batch(all), unshared: p.batch(unshared), rest: p.batch(rest), needy: needy}
}

// asks tells whether a rule is asked about a kind in a scope.
func (p *planner) asks(r *rule.Rule, kind schema.GroupKind, scope Scope) bool {
	switch {
	case !r.Judges(kind), !r.At(scopeDoor(scope)), scope == ScanOwned && r.Template:
		return false
	}
	return !r.Waits() || p.hasInventory
}

// batch sorts entries by how they are evaluated, the native ones first: foreign
// rules must not use up their time.
func (p *planner) batch(entries []int) batch {
	var b batch
	var dialects []string
	var members []int
	together := make(map[string][]int)
	for _, number := range entries {
		entry := p.entries[number]
		if entry.alone {
			b.alone = append(b.alone, number)
			continue
		}
		if entry.joint != nil {
			members = append(members, number)
			continue
		}
		name := entry.rule.Dialect.Name()
		if together[name] == nil {
			dialects = append(dialects, name)
		}
		together[name] = append(together[name], number)
	}
	slices.SortStableFunc(dialects, func(a, b string) int {
		return boolCompare(!p.entries[together[a][0]].rule.Builtin, !p.entries[together[b][0]].rule.Builtin)
	})
	for _, name := range dialects {
		b.links = append(b.links, p.link(together[name]))
	}
	if len(members) > 0 {
		b.joint = p.joint(members)
	}
	return b
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

// link returns the link of a list of entries.
func (p *planner) link(entries []int) *link {
	id := idOf(entries)
	if p.byEntries[id] == nil {
		p.byEntries[id] = &link{name: fmt.Sprintf("p%d", len(p.links)), entries: slices.Clone(entries)}
		p.links = append(p.links, p.byEntries[id])
	}
	return p.byEntries[id]
}

// joint returns the joint of a list of entries.
func (p *planner) joint(entries []int) *joint {
	id := idOf(entries)
	if p.joints[id] == nil {
		p.joints[id] = &joint{entries: slices.Clone(entries)}
	}
	return p.joints[id]
}

func idOf(entries []int) string { return strings.Trim(fmt.Sprint(entries), "[]") }
