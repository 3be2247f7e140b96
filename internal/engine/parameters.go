package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kubereeve/reeve/internal/rule"
)

// validate holds what is set against the rules of a set. It fails, naming rule and
// parameter, when something is set that no rule has, or to a value of another
// type than the parameter's.
func validate(set *rule.Set, overlay map[string]map[string]any) error {
	for _, id := range slices.Sorted(maps.Keys(overlay)) {
		r := set.Rule(id)
		if r == nil {
			return fmt.Errorf("parameters of rule %s: there is no such rule; see reeve rules list", id)
		}
		if err := check(r, overlay[id]); err != nil {
			return fmt.Errorf("parameters of rule %s: %w", id, err)
		}
	}
	return nil
}

// settings returns every rule's parameters by rule id: what the last of the
// overlays sets, else the default.
func settings(set *rule.Set, overlays []map[string]map[string]any) map[string]map[string]any {
	byRule := make(map[string]map[string]any)
	for _, r := range set.Rules() {
		values := make(map[string]any, len(r.Parameters))
		for name, parameter := range r.Parameters {
			values[name] = parameter.Default
		}
		for _, overlay := range overlays {
			maps.Copy(values, overlay[r.ID])
		}
		byRule[r.ID] = values
	}
	return byRule
}

// check holds what is set for a rule against the parameters it has.
func check(r *rule.Rule, values map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		parameter, known := r.Parameters[name]
		if !known {
			names := slices.Sorted(maps.Keys(r.Parameters))
			if len(names) == 0 {
				return fmt.Errorf("%s: the rule has no parameters; remove it", name)
			}
			return fmt.Errorf("%s: there is no such parameter; use one of %s", name, strings.Join(names, ", "))
		}
		if err := parameter.Check(values[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
