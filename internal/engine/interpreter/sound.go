package interpreter

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
)

// soundness knows of which Rego the plans that OPA's planner makes do not always do
// what the Rego says. All of it is rare in policies. OPA's conformance cases and
// comparisons with topdown have shown what it is; sound_test.go has examples.
type soundness struct{ compiler *ast.Compiler }

// plans tells whether the Rego rules at a path, as of a planned function, can be
// planned. The path is below data.
func (s soundness) plans(path []string) bool {
	ref := make(ast.Ref, 0, len(path)+1)
	ref = append(ref, ast.DefaultRootDocument)
	for _, name := range path {
		ref = append(ref, ast.StringTerm(name))
	}
	rules := s.compiler.GetRulesWithPrefix(ref)
	if !alike(rules) {
		return false
	}
	for _, rule := range rules {
		if !s.rule(rule) {
			return false
		}
	}
	return true
}

// alike tells whether rules that make one document have the same form. Where some say
// what p.a is and others what p[x] contains, the plan adds to what it did not make.
func alike(rules []*ast.Rule) bool {
	for _, rule := range rules {
		if len(rule.Ref()) != len(rules[0].Ref()) || rule.Head.RuleKind() != rules[0].Head.RuleKind() {
			return false
		}
	}
	return true
}

// rule tells whether a rule holds nothing that the planner gets wrong.
func (s soundness) rule(rule *ast.Rule) bool {
	sound := true
	ast.NewGenericVisitor(func(node any) bool {
		switch node := node.(type) {
		case *ast.Expr:
			sound = sound && expression(node)
		case ast.Ref:
			sound = sound && s.reference(node)
		case *ast.With:
			target, _ := node.Target.Value.(ast.Ref)
			sound = sound && target.HasPrefix(ast.InputRootRef)
		}
		return !sound
	}).Walk(rule)
	return sound
}

// reference tells whether a reference leads through the values of at most one rule. One
// that goes through packages by names that are known only at run time, or that asks for
// the whole of a package, is planned as if all that is there were documents.
func (s soundness) reference(ref ast.Ref) bool {
	if !ref.HasPrefix(ast.DefaultRootRef) {
		return true
	}
	written := 1
	for written < len(ref) && ast.IsScalar(ref[written].Value) {
		written++
	}
	for n := 1; n <= written; n++ {
		if len(s.compiler.GetRulesExact(ref[:n])) > 0 {
			return alike(s.compiler.GetRulesWithPrefix(ref[:n]))
		}
	}
	return s.compiler.RuleTree.Find(ref[:written]) == nil && !s.leadsToPackage(ref[:written])
}

// leadsToPackage tells whether a package lies at a reference, or below.
func (s soundness) leadsToPackage(ref ast.Ref) bool {
	node := s.compiler.ModuleTree
	for _, step := range ref {
		if node = node.Children[step.Value]; node == nil {
			return false
		}
	}
	return true
}

// expression tells whether an expression is planned rightly but for its references.
func expression(expr *ast.Expr) bool {
	composite := false
	if expr.IsEquality() && len(expr.Operands()) == 2 {
		a, b := expr.Operand(0), expr.Operand(1)
		if composite = isComposite(a) && isComposite(b); composite && (keysVary(a) || keysVary(b)) {
			return false // objects are compared by the keys that are written
		}
	}
	if !expr.Negated {
		return true
	}
	// The plan of what is negated must not end in a loop, and must not be empty.
	switch terms := expr.Terms.(type) {
	case *ast.Term:
		return !isComposite(terms)
	case []*ast.Term:
		builtin := ast.BuiltinMap[expr.Operator().String()]
		return !composite && (builtin == nil || !builtin.Relation)
	case *ast.Not:
		return true
	}
	return false
}

// isComposite tells whether a term has parts, or collects some.
func isComposite(term *ast.Term) bool {
	switch term.Value.(type) {
	case *ast.Array, ast.Object, ast.Set, *ast.ArrayComprehension, *ast.ObjectComprehension, *ast.SetComprehension:
		return true
	}
	return false
}

// keysVary tells whether a term holds an object whose keys are not all written.
func keysVary(term *ast.Term) bool {
	vary := false
	ast.WalkTerms(term, func(part *ast.Term) bool {
		if object, ok := part.Value.(ast.Object); ok {
			vary = vary || !ground(object.Keys())
		}
		return vary
	})
	return vary
}

func ground(terms []*ast.Term) bool {
	for _, term := range terms {
		if !term.IsGround() {
			return false
		}
	}
	return true
}

// matchesVaryingKeys tells whether a planned function takes values for objects some of
// whose keys are known only at run time: the plan counts the keys that are written.
func matchesVaryingKeys(function *ir.Func) bool {
	objects := make(map[ir.Local]bool)
	found := false
	for _, block := range function.Blocks {
		eachStatement(block, func(statement ir.Stmt) {
			switch s := statement.(type) {
			case *ir.IsObjectStmt:
				if local, ok := s.Source.Value.(ir.Local); ok {
					objects[local] = true
				}
			case *ir.DotStmt:
				local, ok := s.Source.Value.(ir.Local)
				_, varies := s.Key.Value.(ir.Local)
				found = found || ok && varies && objects[local]
			}
		})
	}
	return found
}
