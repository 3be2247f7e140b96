package specialize

import (
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// use is a Rego rule with some arguments of the template's use.
type use struct {
	path      string
	arguments *ast.Term
	inputs    positions // of values of a function that are input as a whole
}

// group is all that defines one name of the shared package.
type group struct {
	name     string
	rules    []*ast.Rule
	location *ast.Location // of all that stands in it
	uses     []*group      // what it refers to directly
	never    bool          // it is a function that is never true
}

// ref returns a reference to the group.
func (g *group) ref() ast.Ref {
	return ast.Ref{ast.NewTerm(ast.DefaultRootDocument.Value), ast.StringTerm(Package), ast.StringTerm(g.name)}
}

// share returns the group that a use stands for, and makes it where there is none
// that says the same.
func (s *Specializer) share(of use) (*group, error) {
	if made, ok := s.copied[of]; ok {
		return made, nil
	}
	if err := s.refused[of]; err != nil {
		return nil, err
	}
	made, err := s.copy(of)
	if err != nil {
		s.refused[of] = err
		return nil, err
	}
	base := nameOf(made.rules[0])
	made.shorten()
	s.copied[of] = s.add(made, base)
	return s.copied[of], nil
}

// shorten leaves out rules that are undefined whatever the input. Where none is left,
// one remains that says what the group is: an empty set is not undefined. Rules that
// say what lies below a name make objects of it, of which nothing may be left out.
func (g *group) shorten() {
	if slices.ContainsFunc(g.rules, func(rule *ast.Rule) bool { return len(rule.Head.Ref()) > 1 }) {
		return
	}
	first := g.rules[0]
	g.rules = slices.DeleteFunc(g.rules, func(rule *ast.Rule) bool { return rule.Else == nil && isImpossible(rule.Body) })
	if len(g.rules) > 0 {
		return
	}
	g.never = len(first.Head.Args) > 0
	w := &writer{location: g.location}
	for i := range first.Head.Args {
		first.Head.Args[i] = w.new(ast.Var(fmt.Sprintf("reeve_value_%d", i)))
	}
	if first.Head.Key != nil {
		first.Head.Key = w.new(ast.Null{})
	}
	if first.Head.Value != nil {
		first.Head.Value = w.new(ast.Boolean(true))
	}
	first.Body = ast.NewBody(w.always(false))
	g.rules = append(g.rules, first)
}

// add gives a group a name of its own, which begins with that of the original, and
// returns it, or the one that says the same already.
func (s *Specializer) add(made *group, base string) *group {
	rename(made.rules, base)
	text := fmt.Sprint(made.rules)
	for _, known := range s.shared[text] {
		if rename(made.rules, known.name); slices.EqualFunc(made.rules, known.rules, same) {
			return known
		}
	}
	made.name = fmt.Sprintf("%s_%d", base, s.named[base])
	made.location.File = Package + "." + made.name
	rename(made.rules, made.name)
	s.groups = append(s.groups, made)
	s.shared[text] = append(s.shared[text], made)
	s.named[base]++
	return made
}

// same tells whether two Rego rules say the same in the same way.
func same(a, b *ast.Rule) bool {
	return a.Head.RuleKind() == b.Head.RuleKind() && a.Compare(b) == 0
}

// nameOf returns the name of a Rego rule, the first word of its head.
func nameOf(rule *ast.Rule) string { return string(rule.Head.Ref()[0].Value.(ast.Var)) }

// rename gives Rego rules another name.
func rename(rules []*ast.Rule, name string) {
	for _, rule := range rules {
		for ; rule != nil; rule = rule.Else {
			if rule.Head.Name != "" {
				rule.Head.Name = ast.Var(name)
			}
			rule.Head.SetRef(ast.Ref{ast.VarTerm(name)}.Concat(rule.Head.Ref()[1:]))
		}
	}
}
