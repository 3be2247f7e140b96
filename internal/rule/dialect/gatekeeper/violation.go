package gatekeeper

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
)

// checkViolations refuses a template none of whose results can ever be violations, as
// Gatekeeper does: it would pass everything.
func (t *Template) checkViolations(module *ast.Module) *rule.Problem {
	var first *rule.Problem
	for _, each := range module.Rules {
		ref := each.Head.Ref()
		if ref[0].Value.Compare(ast.Var(entrypoint)) != 0 {
			continue
		}
		wrong := cannotFind(each.Head)
		if len(ref) > 1 || wrong == "" {
			return nil
		}
		if first == nil {
			first = &rule.Problem{File: t.document.Resource.Source.File, Line: each.Location.Row,
				Message: fmt.Sprintf("%s %s: %s; write violation[{\"msg\": msg}] { ... }, which finds what msg says", TemplateKind.Kind, t.document.identity().Name, wrong)}
		}
	}
	return first
}

// cannotFind returns why what a rule results in is never a violation, "" where it may
// be.
func cannotFind(head *ast.Head) string {
	if len(head.Args) > 0 {
		return entrypoint + " is a function"
	}
	if head.RuleKind() == ast.MultiValue {
		return cannotBe(head.Key)
	}
	if head.Value == nil {
		return ""
	}
	switch value := head.Value.Value.(type) {
	case ast.Boolean, ast.Number, ast.String, ast.Null, *ast.Array, *ast.ArrayComprehension:
		return fmt.Sprintf("%s is no set of objects but %s", entrypoint, ast.ValueName(value))
	}
	return ""
}

// cannotBe returns why an element of violation is never one, "" where it may be.
func cannotBe(element *ast.Term) string {
	switch value := element.Value.(type) {
	case ast.Object:
		if value.Get(ast.InternedTerm("msg")) == nil && !value.Until(func(key, _ *ast.Term) bool { return !key.IsGround() }) {
			return "a violation without msg is none"
		}
	case ast.Boolean, ast.Number, ast.String, ast.Null, *ast.Array, ast.Set, *ast.ArrayComprehension, *ast.SetComprehension:
		return fmt.Sprintf("a violation is an object with msg, not %s", ast.ValueName(value))
	}
	return ""
}
