package gatekeeper

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/rule"
)

// syncKinds are the kinds that Gatekeeper is told to keep in data.inventory, by
// objects of kind Config and SyncSet.
type syncKinds struct{ kinds map[schema.GroupKind]bool }

// syncFields are what is read of a Config or a SyncSet.
type syncFields struct {
	Spec struct {
		Sync struct {
			SyncOnly []syncEntry `json:"syncOnly"`
		} `json:"sync"`
		GVKs []syncEntry `json:"gvks"`
	} `json:"spec"`
}

type syncEntry struct {
	Group string `json:"group"`
	Kind  string `json:"kind"`
}

// The kinds that say what is kept in data.inventory.
var (
	configKind  = schema.GroupKind{Group: "config.gatekeeper.sh", Kind: "Config"}
	syncSetKind = schema.GroupKind{Group: "syncset.gatekeeper.sh", Kind: "SyncSet"}
)

// read reads the kinds of a document, if it is of a kind that names some.
func (s *syncKinds) read(document *Document) *rule.Problem {
	if kind := document.Resource.GroupKind(); kind != configKind && kind != syncSetKind {
		return nil
	}
	var fields syncFields
	if problem := document.decode(document.raw(), "", &fields, false); problem != nil {
		return problem
	}
	if s.kinds == nil {
		s.kinds = make(map[schema.GroupKind]bool)
	}
	for _, entry := range slices.Concat(fields.Spec.Sync.SyncOnly, fields.Spec.GVKs) {
		if entry.Kind != "" && entry.Kind != rule.Any {
			s.kinds[schema.GroupKind(entry)] = true
		}
	}
	return nil
}

// needs returns the kinds that a template reads of data.inventory. Where it does
// not say which, they are those that Gatekeeper was told to keep.
func (s *syncKinds) needs(template *Template) ([]rule.Need, *rule.Problem) {
	inventory := template.Inventory
	kinds := make(map[schema.GroupKind]bool)
	for kind := range inventory.Kinds {
		for _, known := range s.inGroups(kind) {
			kinds[known] = true
		}
	}
	if inventory.Open {
		if len(s.kinds) == 0 {
			return nil, template.document.problem("spec.targets[0]", "which kinds it reads of data.inventory is decided while it runs, so they cannot be kept for it; name them in the annotation %s", syncAnnotation)
		}
		for kind := range s.kinds {
			kinds[kind] = true
		}
	}
	var needs []rule.Need
	for _, kind := range sortedKinds(kinds) {
		needs = append(needs, rule.Need{Kind: kind, Optional: kind.Group == removedGroup || rule.IsPattern(kind)})
	}
	return needs, nil
}

// inGroups returns a kind in the groups that it is found in, where only its name
// is known: those that Gatekeeper was told of, if a server may have one of them, or
// else the usual ones, and whichever there are among files.
func (s *syncKinds) inGroups(kind schema.GroupKind) []schema.GroupKind {
	if kind.Group != anyGroup {
		return []schema.GroupKind{kind}
	}
	var told []schema.GroupKind
	for known := range s.kinds {
		if known.Kind == kind.Kind {
			told = append(told, known)
		}
	}
	if slices.ContainsFunc(told, func(known schema.GroupKind) bool { return known.Group != removedGroup }) {
		return told
	}
	return append(append(told, kind), rule.Expand(kind)...)
}

// sortedKinds returns kinds in the order of groups and names.
func sortedKinds(kinds map[schema.GroupKind]bool) []schema.GroupKind {
	sorted := make([]schema.GroupKind, 0, len(kinds))
	for kind := range kinds {
		sorted = append(sorted, kind)
	}
	slices.SortFunc(sorted, func(a, b schema.GroupKind) int {
		if a.Group != b.Group {
			return strings.Compare(a.Group, b.Group)
		}
		return strings.Compare(a.Kind, b.Kind)
	})
	return sorted
}
