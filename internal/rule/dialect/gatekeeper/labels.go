package gatekeeper

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/rule"
)

// placed returns what criteria look at in a subject, made once for all constraints. An
// object that names no namespace is where kubectl would put it.
func placed(subject *rule.Subject) Request {
	return rule.Shared(subject, "gatekeeper.request", func() Request {
		request := requestOf(subject)
		if request.Source = SourceOriginal; request.Object.Namespace == "" {
			request.Object.Namespace = subject.Resource.EffectiveNamespace()
		}
		return request
	})
}

// requestOf returns what criteria look at in a subject, but for its source. An object
// that names no namespace is in none.
func requestOf(subject *rule.Subject) Request {
	request := Request{Object: objectOf(subject.Object)}
	if subject.OldObject != nil {
		request.Old = objectOf(subject.OldObject)
	}
	if namespace := subject.Resource.Namespace; namespace != nil {
		request.Namespace = &Namespace{Name: namespace.Name, Labels: labels.Set(namespace.Labels)}
	}
	return request
}

// objectOf returns what criteria look at in an object.
func objectOf(object ast.Object) *Object {
	metadata := below(object, "metadata")
	return &Object{
		Kind:         schema.FromAPIVersionAndKind(stringBelow(object, "apiVersion"), stringBelow(object, "kind")).GroupKind(),
		Name:         stringBelow(metadata, "name"),
		GenerateName: stringBelow(metadata, "generateName"),
		Namespace:    stringBelow(metadata, "namespace"),
		Labels:       labelTerms{below(metadata, "labels")},
	}
}

// below returns an object that is a field of another; nil where there is none.
func below(object ast.Object, field string) ast.Object {
	if object == nil {
		return nil
	}
	term := object.Get(rule.Name(field))
	if term == nil {
		return nil
	}
	found, _ := term.Value.(ast.Object)
	return found
}

// stringBelow returns a string that is a field of an object, "" for none.
func stringBelow(object ast.Object, field string) string {
	if object == nil {
		return ""
	}
	term := object.Get(rule.Name(field))
	if term == nil {
		return ""
	}
	text, _ := term.Value.(ast.String)
	return string(text)
}

// labelTerms are labels as the engine has parsed them.
type labelTerms struct{ object ast.Object }

// Has tells whether there is a label.
func (l labelTerms) Has(label string) bool {
	_, found := l.Lookup(label)
	return found
}

// Get returns a label's value, "" where there is none.
func (l labelTerms) Get(label string) string { return stringBelow(l.object, label) }

// Lookup returns a label's value and whether there is one.
func (l labelTerms) Lookup(label string) (string, bool) {
	if l.object == nil {
		return "", false
	}
	term := l.object.Get(ast.StringTerm(label))
	if term == nil {
		return "", false
	}
	text, isString := term.Value.(ast.String)
	return string(text), isString
}
