package gatekeeper

import (
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Match is spec.match of a constraint, ready to use: which objects it judges.
// The zero value matches everything.
type Match struct {
	Kinds              []Kinds
	Scope              Scope
	Namespaces         []Glob
	ExcludedNamespaces []Glob
	// LabelSelector and NamespaceSelector are nil when everything matches.
	LabelSelector     labels.Selector
	NamespaceSelector labels.Selector
	Name              Glob // "" matches all
	Source            Source
}

// Kinds are some kinds of some API groups. "*", or nothing, is all of them.
type Kinds struct {
	APIGroups []string `json:"apiGroups"`
	Kinds     []string `json:"kinds"`
}

// Scope says whether a constraint judges objects with or without namespace.
type Scope string

// The scopes. Gatekeeper takes every other word for "*".
const (
	ScopeAny        Scope = "*"
	ScopeCluster    Scope = "Cluster"
	ScopeNamespaced Scope = "Namespaced"
)

// Source says where an object comes from: from somebody's request, or from the
// expansion of a workload into the pods it will make.
type Source string

// The sources. An empty one in a constraint means SourceAll.
const (
	SourceAll       Source = "All"
	SourceOriginal  Source = "Original"
	SourceGenerated Source = "Generated"
)

// Object is what match criteria look at in an object.
type Object struct {
	Kind         schema.GroupKind
	Name         string
	GenerateName string
	Namespace    string // as the object itself says
	Labels       labels.Labels
}

// isNamespace tells whether the object is a namespace itself.
func (o *Object) isNamespace() bool { return o.Kind == schema.GroupKind{Kind: "Namespace"} }

// Namespace is what is known of the namespace that an object is in.
type Namespace struct {
	Name   string
	Labels labels.Labels
}

// Request is what one review asks match criteria about.
type Request struct {
	// Object and Old are the object as it will be and as it was; one of them
	// may be nil.
	Object, Old *Object
	// Namespace is nil for objects without, and when nothing is known of it.
	Namespace *Namespace
	Source    Source
}

// errNothing says that a review carries no object at all.
var errNothing = errors.New("neither object nor oldObject is there")

// Matches tells whether a constraint judges a request: whether the object or,
// failing that, the old object meets all criteria. It fails when that cannot be
// known, because the criteria ask for labels of a namespace of which nothing is
// known. Gatekeeper takes such a failure for a violation.
func (m *Match) Matches(request Request) (bool, error) {
	if m == nil {
		return true, nil
	}
	if request.Object == nil && request.Old == nil {
		return false, errNothing
	}
	for _, object := range []*Object{request.Object, request.Old} {
		if object == nil {
			continue
		}
		if matched, err := m.matches(object, request); matched || err != nil {
			return matched, err
		}
	}
	return false, nil
}

// matches holds one object against all criteria, in Gatekeeper's order: a
// criterion that fails matters only when those before it matched.
func (m *Match) matches(object *Object, request Request) (bool, error) {
	if !m.matchesKind(object.Kind) || !m.matchesScope(object, request.Namespace) || !m.matchesNamespaces(object, request.Namespace) {
		return false, nil
	}
	if m.LabelSelector != nil && !m.LabelSelector.Matches(labelsOf(object.Labels)) {
		return false, nil
	}
	if matched, err := m.matchesNamespaceLabels(object, request.Namespace); !matched || err != nil {
		return false, err
	}
	if m.Name != "" && !m.Name.Matches(object.Name) && !m.Name.MatchesGenerated(object.GenerateName) {
		return false, nil
	}
	return m.Source == "" || m.Source == SourceAll || m.Source == request.Source, nil
}

func (m *Match) matchesKind(kind schema.GroupKind) bool {
	if len(m.Kinds) == 0 {
		return true
	}
	return slices.ContainsFunc(m.Kinds, func(k Kinds) bool {
		return contains(k.Kinds, kind.Kind) && contains(k.APIGroups, kind.Group)
	})
}

// contains tells whether a list holds a word, "*" or nothing at all.
func contains(list []string, word string) bool {
	return len(list) == 0 || slices.Contains(list, "*") || slices.Contains(list, word)
}

func (m *Match) matchesScope(object *Object, namespace *Namespace) bool {
	namespaced := !object.isNamespace() && (object.Namespace != "" || namespace != nil)
	switch m.Scope {
	case ScopeCluster:
		return !namespaced
	case ScopeNamespaced:
		return namespaced
	}
	return true
}

// matchesNamespaces holds the name of the object's namespace, or of the object
// if it is a namespace, against namespaces and excludedNamespaces. Neither means
// other objects without namespace.
func (m *Match) matchesNamespaces(object *Object, namespace *Namespace) bool {
	var name string
	switch {
	case object.isNamespace():
		name = object.Name
	case namespace != nil:
		name = namespace.Name
	case object.Namespace != "":
		name = object.Namespace
	default:
		return true
	}
	return (len(m.Namespaces) == 0 || anyMatches(m.Namespaces, name)) && !anyMatches(m.ExcludedNamespaces, name)
}

// errNamespace says that the labels of a namespace would have to be known. Suites
// look for Gatekeeper's words, missing Namespace, in it.
var errNamespace = errors.New("spec.match.namespaceSelector cannot be decided, missing Namespace: nothing is known of the object's namespace; give its Namespace object as well")

// matchesNamespaceLabels holds the labels of the object's namespace, or of the
// object if it is a namespace, against namespaceSelector. It means no other
// objects without namespace, so these match.
func (m *Match) matchesNamespaceLabels(object *Object, namespace *Namespace) (bool, error) {
	switch {
	case m.NamespaceSelector == nil:
		return true, nil
	case object.isNamespace():
		return m.NamespaceSelector.Matches(labelsOf(object.Labels)), nil
	case namespace != nil:
		return m.NamespaceSelector.Matches(labelsOf(namespace.Labels)), nil
	case object.Namespace == "":
		return true, nil
	}
	return false, errNamespace
}

// labelsOf returns labels that are never nil, as selectors want them.
func labelsOf(of labels.Labels) labels.Labels {
	if of == nil {
		return labels.Set(nil)
	}
	return of
}
