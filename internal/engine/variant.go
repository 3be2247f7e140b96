package engine

import (
	"crypto/sha256"
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// Overlay sets parameters for some resources.
type Overlay struct {
	// Parameters are by rule id and name, as those of Options.
	Parameters map[string]map[string]any
	// Applies tells whether the overlay counts for a resource at the moment; nil
	// means that it always does. It must be safe for concurrent use.
	Applies func(*resource.Resource) bool
}

// variants are the parameters that rules are given, by which overlays apply. Most
// resources share one or two of them.
type variants struct {
	set      *rule.Set
	revision string
	fixed    map[string]map[string]any
	overlays []Overlay
	base     *variant // where no overlay applies
	made     *lru.Cache[string, *variant]
}

// variant is one outcome of laying parameters over each other.
type variant struct {
	parameters *ast.Term // by rule id
	settings   map[string]map[string]any
	// seed is part of every cache key: the rules and their parameters.
	seed key
	// off holds the ids of rules that have nothing to look for.
	off map[string]bool
}

// maxVariants bounds how many combinations of overlays are remembered.
const maxVariants = 256

// newVariants returns the variants of a set's rules. It fails when something is
// set that no rule has.
func newVariants(set *rule.Set, revision string, options Options) (*variants, error) {
	v := &variants{set: set, revision: revision, fixed: options.Parameters, overlays: options.Overlays}
	if err := validate(set, v.fixed); err != nil {
		return nil, err
	}
	for _, overlay := range v.overlays {
		if err := validate(set, overlay.Parameters); err != nil {
			return nil, err
		}
	}
	var err error
	if v.made, err = lru.New[string, *variant](maxVariants); err != nil {
		return nil, fmt.Errorf("parameters: %w", err)
	}
	v.base, err = v.variant(make([]byte, len(v.overlays)))
	return v, err
}

// of returns the parameters for a resource.
func (v *variants) of(res *resource.Resource) (*variant, error) {
	if len(v.overlays) == 0 {
		return v.base, nil
	}
	applied := make([]byte, len(v.overlays))
	for i, overlay := range v.overlays {
		if overlay.Applies == nil || overlay.Applies(res) {
			applied[i] = 1
		}
	}
	if made, ok := v.made.Get(string(applied)); ok {
		return made, nil
	}
	made, err := v.variant(applied)
	if err == nil {
		v.made.Add(string(applied), made)
	}
	return made, err
}

// variant lays the applied overlays over the fixed parameters.
func (v *variants) variant(applied []byte) (*variant, error) {
	layers := []map[string]map[string]any{v.fixed}
	for i, overlay := range v.overlays {
		if applied[i] == 1 {
			layers = append(layers, overlay.Parameters)
		}
	}
	made := &variant{settings: settings(v.set, layers), off: make(map[string]bool)}
	for _, r := range v.set.Rules() {
		for name, parameter := range r.Parameters {
			if parameter.SwitchesOff(made.settings[r.ID][name]) {
				made.off[r.ID] = true
			}
		}
	}
	value, err := ast.InterfaceToValue(made.settings)
	if err != nil {
		return nil, fmt.Errorf("parameters: %w", err)
	}
	made.parameters = ast.NewTerm(value)
	made.seed = sha256.Sum256([]byte(v.revision + made.parameters.String()))
	return made, nil
}

// alwaysOff tells whether a rule has nothing to look for whatever applies.
func (v *variants) alwaysOff(r *rule.Rule) bool {
	if !v.base.off[r.ID] {
		return false
	}
	for _, overlay := range v.overlays {
		if len(overlay.Parameters[r.ID]) > 0 {
			return false
		}
	}
	return true
}
