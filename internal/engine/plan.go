package engine

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// planner decides which entries are evaluated for which kind and scope. Kinds
// with the same entries share a link.
type planner struct {
	entries      []*entry
	hasInventory bool
	links        []*link
	byEntries    map[string]*link
}

func newPlanner(entries []*entry, hasInventory bool) *planner {
	return &planner{entries: entries, hasInventory: hasInventory, byEntries: make(map[string]*link)}
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
	var all, rest, needy []int
	for number, entry := range p.entries {
		r := entry.rule
		if !r.Judges(kind) || !r.At(scopeDoor(scope)) || scope == ScanOwned && r.Template {
			continue
		}
		if r.Waits() && !p.hasInventory {
			continue
		}
		if len(r.Inventory) > 0 && p.hasInventory {
			needy = append(needy, number)
		}
		all = append(all, number)
		if !entry.cacheable {
			rest = append(rest, number)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return &plan{all: p.link(all), rest: p.link(rest), needy: needy}
}

// link returns the link of a list of entries, nil for none.
func (p *planner) link(entries []int) *link {
	if len(entries) == 0 {
		return nil
	}
	id := strings.Trim(fmt.Sprint(entries), "[]")
	if p.byEntries[id] == nil {
		p.byEntries[id] = &link{name: fmt.Sprintf("p%d", len(p.links)), entries: slices.Clone(entries)}
		p.links = append(p.links, p.byEntries[id])
	}
	return p.byEntries[id]
}
