package rule

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/resource"
)

// Subject is the object to judge, parsed once, of which dialects make what their
// rules see as input. It serves one evaluation and is not safe for concurrent
// use. Nothing in it may be changed.
type Subject struct {
	Resource *resource.Resource
	Object   ast.Object
	// OldObject is the object before an update, nil for everything else.
	OldObject ast.Object
	// Workload is what native rules see as input.workload.
	Workload *ast.Term
	// Parameters holds the parameters of native rules by rule id.
	Parameters *ast.Term
	// Inventory is what rules see as data.inventory, nil where it is not known.
	Inventory *ast.Term

	shared map[string]any
}

// Shared returns what build makes of a subject, and makes it once for all rules that
// ask for the same name: what the inputs of a dialect's rules have in common.
func Shared[T any](s *Subject, name string, build func() T) T {
	if made, ok := s.shared[name]; ok {
		return made.(T)
	}
	if s.shared == nil {
		s.shared = make(map[string]any)
	}
	made := build()
	s.shared[name] = made
	return made
}

// fieldWords are the names that inputs are made of, made once.
var fieldWords = newFieldWords("object", "oldObject", "operation", "parameters", "workload", "user", "namespace",
	"inventory", "name", "kind", "path", "image", "spec", "metadata", "containers", "initContainers",
	"ephemeralContainers", "restartPolicy", "template", "jobTemplate", "review", "request")

func newFieldWords(words ...string) map[string]*ast.Term {
	terms := make(map[string]*ast.Term, len(words))
	for _, word := range words {
		terms[word] = ast.StringTerm(word)
	}
	return terms
}

// Name returns the term of a field's name.
func Name(name string) *ast.Term {
	if term, ok := fieldWords[name]; ok {
		return term
	}
	return ast.InternedTerm(name)
}

// Field returns one field of an object under construction.
func Field(name string, value *ast.Term) [2]*ast.Term { return [2]*ast.Term{Name(name), value} }

// StringsTerm returns an object of strings, as labels are.
func StringsTerm(pairs map[string]string) *ast.Term {
	terms := make([][2]*ast.Term, 0, len(pairs))
	for name, value := range pairs {
		terms = append(terms, [2]*ast.Term{ast.StringTerm(name), ast.StringTerm(value)})
	}
	return ast.ObjectTerm(terms...)
}
