package engine

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/resource"
)

// userTerm returns what rules see as input.user.
func userTerm(user *resource.User) *ast.Term {
	groups := make([]*ast.Term, len(user.Groups))
	for i, group := range user.Groups {
		groups[i] = ast.StringTerm(group)
	}
	return ast.ObjectTerm(pair("name", ast.StringTerm(user.Name)), pair("groups", ast.ArrayTerm(groups...)))
}

// namespaceTerm returns what rules see as input.namespace.
func namespaceTerm(namespace *resource.Namespace) *ast.Term {
	return ast.ObjectTerm(
		pair("name", ast.StringTerm(namespace.Name)),
		pair("labels", stringsTerm(namespace.Labels)),
		pair("annotations", stringsTerm(namespace.Annotations)),
	)
}

func stringsTerm(pairs map[string]string) *ast.Term {
	terms := make([][2]*ast.Term, 0, len(pairs))
	for name, value := range pairs {
		terms = append(terms, [2]*ast.Term{ast.StringTerm(name), ast.StringTerm(value)})
	}
	return ast.ObjectTerm(terms...)
}
