package dialect

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
)

// findingNames are the names of rules that find something in a review.
var findingNames = map[string]bool{"deny": true, "violation": true, "warn": true}

// repeats tells whether a Rego rule has all its findings from rules of other
// packages.
func (a AdmissionReview) repeats(module *ast.Module, name string) bool {
	return !slices.ContainsFunc(module.Rules, func(r *ast.Rule) bool { return definedName(r) == name && !a.gathers(module, r) })
}

// answers tells whether main of a module may only answer with what rules find by
// themselves, beside it or in a package that the module reads.
func (a AdmissionReview) answers(module *ast.Module) bool {
	return slices.ContainsFunc(a.modules, func(other *ast.Module) bool {
		beside := other.Package.Path.Equal(module.Package.Path) || rule.Refers(module, other.Package.Path)
		return beside && isAdmission(other) && slices.ContainsFunc(definedNames(other), func(name string) bool { return findingNames[name] })
	})
}

// withoutGathering returns what became of a module without the rules that only
// repeat what others find.
func (a AdmissionReview) withoutGathering(module, became *ast.Module) *ast.Module {
	kept := *became
	kept.Rules = nil
	for i, r := range module.Rules {
		if !findingNames[definedName(r)] || !a.gathers(module, r) {
			kept.Rules = append(kept.Rules, became.Rules[i])
		}
	}
	return &kept
}

// gathers tells whether a Rego rule has its findings from rules of other packages,
// as deny[msg] { data.kubernetes.validating[_].deny[msg] }, and reads no input.
func (a AdmissionReview) gathers(module *ast.Module, r *ast.Rule) bool {
	imports := rule.ImportsOf(module)
	found, other := false, false
	rule.WalkRefs(r, func(ref ast.Ref) bool {
		ref = imports.Expand(ref)
		at := slices.IndexFunc(ref, func(step *ast.Term) bool {
			word, ok := step.Value.(ast.String)
			return ok && findingNames[string(word)]
		})
		switch {
		case ref.HasPrefix(ast.InputRootRef):
			other = true
		case ref.HasPrefix(ast.DefaultRootRef) && at > 0:
			found = true
			other = other || !a.found(ref[:at], string(ref[at].Value.(ast.String)))
		}
		return false
	})
	return found && !other
}

// found tells whether what the packages at a path find by a name is found without
// being repeated: whether all of them judge reviews.
func (a AdmissionReview) found(path ast.Ref, name string) bool {
	found := false
	for _, module := range a.modules {
		if !module.Package.Path.HasPrefix(path.GroundPrefix()) || !slices.Contains(definedNames(module), name) {
			continue
		}
		if !isAdmission(module) {
			return false
		}
		found = true
	}
	return found
}
