package kubescape

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// fieldOf returns a field of an object, nil where there is none. Kubescape does
// not tell capital letters from small ones, and rules write k8SApiObjects too.
func fieldOf(object ast.Object, key string) *ast.Term {
	if term := object.Get(rule.Name(key)); term != nil {
		return term
	}
	var found *ast.Term
	object.Foreach(func(name, field *ast.Term) {
		if text, ok := name.Value.(ast.String); ok && found == nil && strings.EqualFold(string(text), key) {
			found = field
		}
	})
	return found
}

// externalOf returns what an alertObject says it is about that is no object of the
// cluster, nil where it says nothing. Some rules leave out the s.
func externalOf(alert ast.Object) *ast.Term {
	if external := fieldOf(alert, "externalObjects"); external != nil {
		return external
	}
	return fieldOf(alert, "externalObject")
}

// textOf returns a text field of an object, "" where there is none.
func textOf(object ast.Object, key string) string {
	text, _ := value[ast.String](fieldOf(object, key))
	return string(text)
}

// elementsOf returns the elements of a list or set, none of anything else.
func elementsOf(term *ast.Term) []*ast.Term {
	if term == nil {
		return nil
	}
	var elements []*ast.Term
	each := func(element *ast.Term) { elements = append(elements, element) }
	switch list := term.Value.(type) {
	case *ast.Array:
		list.Foreach(each)
	case ast.Set:
		list.Foreach(each)
	}
	return elements
}

// stringsOf returns the texts of a list, or the one text that stands for it.
func stringsOf(term *ast.Term) []string {
	if text, ok := value[ast.String](term); ok {
		return []string{string(text)}
	}
	var texts []string
	for _, element := range elementsOf(term) {
		if text, ok := element.Value.(ast.String); ok {
			texts = append(texts, string(text))
		}
	}
	return texts
}

// isOf tells whether an object, whole or trimmed to its names, is the one of an
// identity.
func isOf(term *ast.Term, identity resource.Identity, namespace string) bool {
	object, ok := value[ast.Object](term)
	if !ok || textOf(object, "kind") != identity.Kind {
		return false
	}
	name, in := textOf(object, "name"), textOf(object, "namespace")
	if metadata, ok := value[ast.Object](fieldOf(object, "metadata")); ok {
		name, in = textOf(metadata, "name"), textOf(metadata, "namespace")
	}
	return name == identity.Name && (namespace == "" || sameScope(in, namespace))
}
