package interpreter

import "github.com/open-policy-agent/opa/v1/ast"

// scope is what rules have answered for a pair of documents.
type scope struct {
	input, data *ast.Term
	answers     []answer // by the functions' numbers
	given       []int    // the functions that have answered
}

// answer is what a function has returned; nil for undefined.
type answer struct {
	known   bool
	term    *ast.Term
	skipped error // the first that a builtin failed in on the way
}

func (s *scope) remember(of *function, answer answer) {
	s.answers[of.number] = answer
	s.given = append(s.given, of.number)
}

// enter makes a pair of documents the ones that answers are remembered for.
func (r *Run) enter(input, data *ast.Term) {
	for _, scope := range r.scopes {
		if scope.input == input && scope.data == data {
			r.scope = scope
			return
		}
	}
	if n := len(r.unused); n > 0 {
		r.scope, r.unused = r.unused[n-1], r.unused[:n-1]
	} else {
		r.scope = &scope{answers: make([]answer, len(r.program.functions))}
	}
	r.scope.input, r.scope.data = input, data
	r.scopes = append(r.scopes, r.scope)
}

// leave forgets all but the first pairs of documents and goes back to one of them.
func (r *Run) leave(kept int, scope *scope) {
	for _, left := range r.scopes[kept:] {
		for _, number := range left.given {
			left.answers[number] = answer{}
		}
		left.given, left.input, left.data = left.given[:0], nil, nil
		r.unused = append(r.unused, left)
	}
	r.scopes, r.scope = r.scopes[:kept], scope
}
