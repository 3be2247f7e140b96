package interpreter

import "github.com/open-policy-agent/opa/v1/ast"

// scope is what functions have answered for a pair of documents.
type scope struct {
	input, data *ast.Term
	answers     []answer // of those without arguments, by their numbers
	calls       []*calls // of those with arguments
	given       []*function
}

// answer is what a function has returned; nil for undefined.
type answer struct {
	known   bool
	term    *ast.Term
	skipped error // the first that a builtin failed in on the way
}

const (
	// mostArguments is how many arguments a function may have whose answers are
	// remembered.
	mostArguments = 3
	// lastCalls is how many of its answers are.
	lastCalls = 8
)

// calls are the last answers of a function with arguments. Rules ask the same of the
// same container again and again.
type calls struct {
	next int
	last [lastCalls]call
}

// call is an answer with what it was asked for. Arguments are the same when they are
// one term: to compare them may take longer than to call.
type call struct {
	arguments [mostArguments]*ast.Term
	answer    answer
}

func newScope(functions int) *scope {
	return &scope{answers: make([]answer, functions), calls: make([]*calls, functions)}
}

// known returns what a function has answered to the arguments in a frame, nil when it
// was not asked.
func (s *scope) known(of *function, f *frame) *answer {
	switch n := len(of.parameters) - documents; {
	case n == 0:
		if known := &s.answers[of.number]; known.known {
			return known
		}
	case n <= mostArguments && s.calls[of.number] != nil:
		made, arguments := s.calls[of.number], of.arguments(f)
		for i := range made.last {
			if known := &made.last[i]; known.answer.known && known.arguments == arguments {
				return &known.answer
			}
		}
	}
	return nil
}

// remember keeps what a function has answered to the arguments in a frame.
func (s *scope) remember(of *function, f *frame, answer answer) {
	switch n := len(of.parameters) - documents; {
	case n == 0:
		s.answers[of.number] = answer
		s.given = append(s.given, of)
	case n <= mostArguments:
		made := s.calls[of.number]
		if made == nil {
			made = &calls{}
			s.calls[of.number] = made
		}
		if made.next == 0 {
			s.given = append(s.given, of)
		}
		made.last[made.next%lastCalls] = call{of.arguments(f), answer}
		made.next++
	}
}

// arguments returns the arguments in a frame.
func (of *function) arguments(f *frame) (arguments [mostArguments]*ast.Term) {
	for i, parameter := range of.parameters[documents:] {
		arguments[i] = f.locals[parameter]
	}
	return arguments
}

// forget makes the scope ready for other documents.
func (s *scope) forget() {
	for _, of := range s.given {
		s.answers[of.number] = answer{}
		if made := s.calls[of.number]; made != nil {
			*made = calls{}
		}
	}
	s.given, s.input, s.data = s.given[:0], nil, nil
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
		r.scope = newScope(len(r.program.functions))
	}
	r.scope.input, r.scope.data = input, data
	r.scopes = append(r.scopes, r.scope)
}

// leave forgets all but the first pairs of documents and goes back to one of them.
func (r *Run) leave(kept int, scope *scope) {
	for _, left := range r.scopes[kept:] {
		left.forget()
		r.unused = append(r.unused, left)
	}
	r.scopes, r.scope = r.scopes[:kept], scope
}
