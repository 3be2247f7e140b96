package rule

import "github.com/open-policy-agent/opa/v1/ast"

// weigh notes a problem where values are made of others that are made of others, each
// named twice, as in x1 := [x0, x0] and x2 := [x1, x1]: after forty lines their type
// has 2^40 parts, and OPA's compiler looks at each of them.
func (b *bounds) weigh(module *ast.Module) {
	w := &weighing{rules: make(map[string][]*ast.Rule), known: make(map[string]int), most: max(maxValue, 4*b.terms)}
	for _, rule := range module.Rules {
		name := string(rule.Head.Name)
		if ref := rule.Head.Ref(); len(ref) > 0 {
			name = ref[:1].String()
		}
		w.rules[name] = append(w.rules[name], rule)
	}
	for name, rules := range w.rules {
		if n := w.named(name); n > w.most {
			b.within(n, w.most, rules[0].Location, "parts of the values of "+name, "name what it is made of, and do not repeat it")
			return
		}
	}
}

// weighing counts what the values of a module consist of, each part as often as it
// stands there. Calls are counted as what their function returns.
type weighing struct {
	rules map[string][]*ast.Rule
	known map[string]int // by name of rule; 1 while it is worked out
	most  int
}

// named returns the weight of the heaviest value in the rules of a name.
func (w *weighing) named(name string) int {
	if known, ok := w.known[name]; ok {
		return known
	}
	w.known[name] = 1
	heaviest := 1
	for _, rule := range w.rules[name] {
		heaviest = max(heaviest, w.rule(rule))
	}
	w.known[name] = heaviest
	return heaviest
}

// rule returns the weight of the heaviest value in a rule.
func (w *weighing) rule(rule *ast.Rule) int {
	locals := make(map[ast.Var]int)
	heaviest := 1
	ast.WalkExprs(rule, func(expression *ast.Expr) bool {
		if terms, ok := expression.Terms.([]*ast.Term); ok && len(terms) == 3 && (expression.IsAssignment() || expression.IsEquality()) {
			for i, term := range terms[1:] {
				if name, ok := term.Value.(ast.Var); ok {
					locals[name] = w.term(terms[2-i], locals)
					heaviest = max(heaviest, locals[name])
				}
			}
		}
		return heaviest > w.most
	})
	for branch := rule; branch != nil; branch = branch.Else {
		for _, term := range []*ast.Term{branch.Head.Key, branch.Head.Value} {
			if term != nil {
				heaviest = max(heaviest, w.term(term, locals))
			}
		}
	}
	return heaviest
}

// term returns the weight of a term, or a little more than the most.
func (w *weighing) term(term *ast.Term, locals map[ast.Var]int) int {
	total := 1
	add := func(term *ast.Term) {
		if total <= w.most {
			total += w.term(term, locals)
		}
	}
	switch value := term.Value.(type) {
	case ast.Var:
		if known, ok := locals[value]; ok {
			return known
		}
		if w.rules[string(value)] != nil {
			return w.named(string(value))
		}
	case *ast.Array:
		value.Foreach(add)
	case ast.Set:
		value.Foreach(add)
	case ast.Object:
		value.Foreach(func(_, term *ast.Term) { add(term) })
	case ast.Call:
		add(value[0])
	case ast.Ref:
		add(value[0])
	case *ast.ArrayComprehension:
		add(value.Term)
	case *ast.SetComprehension:
		add(value.Term)
	case *ast.ObjectComprehension:
		add(value.Value)
	}
	return total
}
