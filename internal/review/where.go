package review

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/glob"
	"github.com/kubereeve/reeve/internal/resource"
)

// where is a compiled Where.
type where struct {
	everywhere bool
	operations []resource.Operation
	kinds      []kindGlob
	names      map[string]bool // of namespaces
	namespaces glob.List       // those that are not names
	labels     labels.Selector
	users      glob.List
	groups     glob.List
	anyUser    bool
}

// groupPrefix marks globs of groups among those of users.
const groupPrefix = "group:"

func compileWhere(w Where) (where, error) {
	compiled := where{operations: w.Operations, labels: w.NamespaceLabels, anyUser: len(w.Users) == 0}
	var err error
	if compiled.kinds, err = compileKinds(w.Kinds); err != nil {
		return compiled, fmt.Errorf("kinds: %w", err)
	}
	namespaces, err := glob.CompileAll(w.Namespaces)
	if err != nil {
		return compiled, fmt.Errorf("namespaces: %w", err)
	}
	for _, namespace := range namespaces {
		if !namespace.Literal() {
			compiled.namespaces = append(compiled.namespaces, namespace)
			continue
		}
		if compiled.names == nil {
			compiled.names = make(map[string]bool)
		}
		compiled.names[namespace.String()] = true
	}
	for _, user := range w.Users {
		list := &compiled.users
		name, isGroup := strings.CutPrefix(user, groupPrefix)
		if isGroup {
			list = &compiled.groups
		}
		pattern, err := glob.Compile(name)
		if err != nil {
			return compiled, fmt.Errorf("users: %w", err)
		}
		*list = append(*list, pattern)
	}
	if compiled.labels != nil && compiled.labels.Empty() {
		compiled.labels = nil
	}
	compiled.everywhere = len(w.Operations)+len(w.Kinds)+len(w.Namespaces)+len(w.Users) == 0 && compiled.labels == nil
	return compiled, nil
}

// matches tells whether a request is within. The cheap questions come first.
func (w *where) matches(s *situation) bool {
	return w.everywhere || w.operation(s) && kindsMatch(w.kinds, s.kind) && w.namespace(s) && w.user(s)
}

func (w *where) operation(s *situation) bool {
	return len(w.operations) == 0 || slices.Contains(w.operations, s.res.Operation)
}

func (w *where) namespace(s *situation) bool {
	return w.named(s) && (w.labels == nil || s.namespace != "" && w.labels.Matches(s.namespaceLabels()))
}

// named tells whether the name of the namespace is among those that are meant.
func (w *where) named(s *situation) bool {
	return w.names == nil && w.namespaces == nil || w.names[s.namespace] || s.namespace != "" && w.namespaces.Match(s.namespace)
}

func (w *where) user(s *situation) bool {
	if w.anyUser {
		return true
	}
	user := s.res.User
	if user == nil {
		return false
	}
	if w.users.Match(user.Name) {
		return true
	}
	for i := 0; w.groups != nil && i < len(user.Groups); i++ {
		if w.groups.Match(user.Groups[i]) {
			return true
		}
	}
	return false
}

// kindGlob matches kinds.
type kindGlob struct {
	kind  glob.Glob
	group glob.Glob
	any   bool // group
}

// compileKinds reads kinds as Kind or Kind.group, globs allowed.
func compileKinds(patterns []string) ([]kindGlob, error) {
	var kinds []kindGlob
	for _, pattern := range patterns {
		name, group, hasGroup := strings.Cut(pattern, ".")
		kind, err := glob.Compile(name)
		if err != nil {
			return nil, fmt.Errorf("%q is not a kind; write Kind or Kind.group, globs allowed", pattern)
		}
		compiled := kindGlob{kind: kind, any: !hasGroup}
		if group != "" { // "Pod." is the Pod of the core group
			if compiled.group, err = glob.Compile(group); err != nil {
				return nil, fmt.Errorf("%q is not a kind; write Kind or Kind.group, globs allowed", pattern)
			}
		}
		kinds = append(kinds, compiled)
	}
	return kinds, nil
}

// kindsMatch tells whether a kind is among those of a list; an empty list means
// all.
func kindsMatch(kinds []kindGlob, kind schema.GroupKind) bool {
	for i := range kinds {
		if g := &kinds[i]; g.kind.Match(kind.Kind) && (g.any || g.group.Match(kind.Group)) {
			return true
		}
	}
	return len(kinds) == 0
}
