// Package kubescape reads the rules of Kubescape: folders with raw.rego, whose
// package is armo_builtins, and rule.metadata.json. Kubescape asks a rule once
// about all objects of a cluster. Reeve asks it about one object at a time: with
// that object alone where the rule looks at each for itself, else with what the
// rule compares it with.
package kubescape

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
)

// name is the dialect's name, which rule ids begin with.
const name = "kubescape"

// Dialect is how one rule sees what it judges. What the rule was written to find
// as input is input.all; see Rewrite. Where it goes from object to object by
// itself, it goes through input.judged, which holds the one to judge.
type Dialect struct {
	shape shape
	// kinds are what the rule judges or compares with.
	kinds kinds
	// lists keeps what the inventory holds of these kinds.
	lists *lists
	// judges is true when the rule goes through the object to judge somewhere.
	judges bool
	// rated is true when a control says how severe the rule's findings are.
	rated bool
}

// shape is what a rule needs to see besides the object to judge.
type shape uint8

const (
	// single: nothing.
	single shape = iota
	// joined: the other objects of its kinds.
	joined
	// subjects: users, groups and service accounts with their bindings and roles.
	subjects
)

// Name returns kubescape.
func (*Dialect) Name() string { return name }

// Results returns the elements of a set or an array.
func (*Dialect) Results(_ string, value ast.Value) []ast.Value { return rule.Elements(value) }

// Native returns the whole object for everything: rules take objects in hand, and
// what they read then is not known. Other objects are nowhere in the native input.
func (d *Dialect) Native([]string) ([]string, bool) { return []string{"object"}, d.shape == single }

// Input returns input.judged and input.kind, and for rules that compare input.all
// and input.kinds.
func (d *Dialect) Input(subject *rule.Subject, r *rule.Rule) *ast.Term {
	if r == nil || d.shape == single {
		return rule.Shared(subject, name, func() *ast.Term {
			judged := judgedTerm(subject)
			return inputTerm(subject, []*ast.Term{judged}, []*ast.Term{judged})
		})
	}
	return rule.Shared(subject, fmt.Sprintf("%s %d %s", name, d.shape, d.kinds.key()), func() *ast.Term {
		judged, all := d.lists.of(subject, d)
		return inputTerm(subject, judged, all)
	})
}

func inputTerm(subject *rule.Subject, judged, all []*ast.Term) *ast.Term {
	byKind := make(map[string][]*ast.Term)
	for _, term := range all {
		if object, ok := term.Value.(ast.Object); ok {
			kind := textOf(object, "kind")
			byKind[kind] = append(byKind[kind], term)
		}
	}
	kinds := make([][2]*ast.Term, 0, len(byKind))
	for kind, terms := range byKind {
		kinds = append(kinds, rule.Field(kind, ast.ArrayTerm(terms...)))
	}
	return ast.ObjectTerm(
		rule.Field(judgedField, ast.ArrayTerm(judged...)),
		rule.Field("kind", ast.InternedTerm(subject.Resource.Kind)),
		rule.Field(allField, ast.ArrayTerm(all...)),
		rule.Field(kindsField, ast.ObjectTerm(kinds...)),
	)
}

// judgedTerm returns the object to judge, made once for all rules.
func judgedTerm(subject *rule.Subject) *ast.Term {
	return rule.Shared(subject, name+".judged", func() *ast.Term {
		res := subject.Resource
		return withNames(ast.NewTerm(subject.Object), res.Name, res.EffectiveNamespace())
	})
}

// withNames returns an object with the name and namespace filled in that it will
// have. Rules put both into their messages, and a message without them is none.
func withNames(object *ast.Term, name, namespace string) *ast.Term {
	whole, ok := object.Value.(ast.Object)
	if !ok {
		return object
	}
	metadata, ok := value[ast.Object](whole.Get(rule.Name("metadata")))
	if !ok {
		metadata = ast.NewObject()
	}
	var missing [][2]*ast.Term
	if name != "" && metadata.Get(rule.Name("name")) == nil {
		missing = append(missing, rule.Field("name", ast.StringTerm(name)))
	}
	if namespace != "" && metadata.Get(rule.Name("namespace")) == nil {
		missing = append(missing, rule.Field("namespace", ast.StringTerm(namespace)))
	}
	if len(missing) == 0 {
		return object
	}
	filled := make([][2]*ast.Term, 0, whole.Len()+1)
	whole.Foreach(func(key, field *ast.Term) { filled = append(filled, [2]*ast.Term{key, field}) })
	metadata.Foreach(func(key, field *ast.Term) { missing = append(missing, [2]*ast.Term{key, field}) })
	filled = append(filled, rule.Field("metadata", ast.ObjectTerm(missing...))) // the last of a name counts
	return ast.ObjectTerm(filled...)
}

// sameScope tells whether two names of namespaces can mean the same: objects in
// files and in findings often leave theirs out.
func sameScope(a, b string) bool { return a == b || a == "" || b == "" }
