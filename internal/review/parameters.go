package review

import (
	"fmt"
	"maps"
	"slices"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// Overlays returns what the entries set of the parameters of a set's rules, for
// the engine. An entry sets a parameter of those of its rules that have one of
// that name; there may be none, because the rule was not chosen or its file is
// left out. It fails on malformed globs, naming the entry.
func (p *Policy) Overlays(set *rule.Set) ([]engine.Overlay, error) {
	var overlays []engine.Overlay
	for _, e := range p.options.Entries {
		if len(e.Parameters) == 0 {
			continue
		}
		overlay := engine.Overlay{Parameters: make(map[string]map[string]any)}
		for _, name := range slices.Sorted(maps.Keys(e.Parameters)) {
			setParameter(overlay.Parameters, set, e, name)
		}
		if len(overlay.Parameters) == 0 {
			continue
		}
		where, err := compileWhere(e.Where)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name, err)
		}
		if !where.everywhere || !e.From.IsZero() {
			overlay.Applies = func(res *resource.Resource) bool {
				s := p.situation(res)
				return !s.now.Before(e.From) && where.matches(s)
			}
		}
		overlays = append(overlays, overlay)
	}
	return overlays, nil
}

// setParameter sets a parameter for the rules of an entry that have it.
func setParameter(values map[string]map[string]any, set *rule.Set, e Entry, name string) {
	for _, r := range set.Rules() {
		if _, has := r.Parameters[name]; !has || !matches(e.Rules, r) {
			continue
		}
		if values[r.ID] == nil {
			values[r.ID] = make(map[string]any)
		}
		values[r.ID][name] = e.Parameters[name]
	}
}
