package specialize

import "github.com/open-policy-agent/opa/v1/ast"

// positions are some of the values that a function takes, as bits.
type positions uint64

// maxPositions is how many values have a bit.
const maxPositions = 64

// with adds a position.
func (p positions) with(i int) positions { return p | 1<<i }

func (p positions) has(i int) bool { return p&(1<<i) != 0 }

// inputNames returns the names that a Rego rule has for input as a whole.
func (w *writer) inputNames(rule *ast.Rule) map[ast.Var]bool {
	if w.inputs == 0 {
		return nil
	}
	declared := declarations(rule)
	names := make(map[ast.Var]bool)
	for i, arg := range rule.Head.Args {
		if !w.inputs.has(i) {
			continue
		}
		name, ok := arg.Value.(ast.Var)
		if !ok || declared[name] > 1 {
			w.fail("%w: input as a whole for %s", errShape, arg)
		}
		names[name] = true
	}
	return names
}

// isInput tells whether a term is input as a whole.
func (w *writer) isInput(term *ast.Term) bool {
	if name, ok := term.Value.(ast.Var); ok && w.names[name] {
		return true
	}
	return term.Equal(ast.InputRootDocument) || term.Value.Compare(ast.InputRootRef) == 0
}

// knownLocals returns the locals of a Rego rule that are known: those declared once,
// at the top of the body, and given something that is known. Before its declaration, a
// name means something else.
func (w *writer) knownLocals(rule *ast.Rule) map[ast.Var]*ast.Term {
	declared := declarations(rule)
	locals := make(map[ast.Var]*ast.Term)
	used := make(map[ast.Var]bool)
	for _, expression := range rule.Body {
		if name, value := assignment(expression); name != nil && !expression.Negated {
			local := name.Value.(ast.Var)
			if known := w.constant(value); known != nil && declared[local] == 1 && !used[local] {
				locals[local] = known
			}
		}
		ast.WalkVars(expression, func(name ast.Var) bool {
			used[name] = true
			return false
		})
	}
	return locals
}

// declarations counts how often each local of a Rego rule is declared.
func declarations(rule *ast.Rule) map[ast.Var]int {
	declared := make(map[ast.Var]int)
	count := func(node any) {
		ast.WalkVars(node, func(name ast.Var) bool {
			declared[name]++
			return false
		})
	}
	count(rule.Head.Args)
	ast.WalkExprs(rule, func(expression *ast.Expr) bool {
		switch terms := expression.Terms.(type) {
		case *ast.SomeDecl:
			for _, symbol := range terms.Symbols {
				count(symbol)
			}
		case *ast.Every:
			count(terms.Value)
			if terms.Key != nil {
				count(terms.Key)
			}
		case []*ast.Term:
			if isAssignment(terms) {
				count(terms[1])
			}
		}
		return false
	})
	return declared
}

func isAssignment(terms []*ast.Term) bool {
	return len(terms) == 3 && terms[0].Value.Compare(ast.Assign.Ref()) == 0
}

// assignment returns the local that an expression declares, nil for none, and what it
// is given.
func assignment(expression *ast.Expr) (name, value *ast.Term) {
	terms, ok := expression.Terms.([]*ast.Term)
	if !ok || !isAssignment(terms) {
		return nil, nil
	}
	if _, ok := terms[1].Value.(ast.Var); !ok {
		return nil, nil
	}
	return terms[1], terms[2]
}
