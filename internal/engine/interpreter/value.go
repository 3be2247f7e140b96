package interpreter

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// value compiles a statement that gives a variable a value; false when it is none.
func (c *coder) value(statement ir.Stmt) (step, bool) {
	switch s := statement.(type) {
	case *ir.DotStmt:
		return c.dot(s), true
	case *ir.LenStmt:
		return c.length(s), true
	case *ir.AssignVarStmt:
		return c.define(s.Target, c.operand(s.Source)), true
	case *ir.AssignVarOnceStmt:
		return c.assignOnce(s), true
	case *ir.AssignIntStmt:
		return c.define(s.Target, operand{constant: integer(int(s.Value))}), true
	case *ir.MakeNumberIntStmt:
		return c.define(s.Target, operand{constant: integer(int(s.Value))}), true
	case *ir.MakeNumberRefStmt:
		return c.define(s.Target, operand{constant: c.number(s.Index)}), true
	case *ir.MakeNullStmt:
		return c.define(s.Target, operand{constant: isNull}), true
	case *ir.ResetLocalStmt:
		return func(f *frame) signal {
			f.locals[s.Target] = nil
			return next
		}, true
	case *ir.MakeArrayStmt:
		return makes(s.Target, func() ast.Value { return ast.NewArray() }), true
	case *ir.MakeObjectStmt:
		return makes(s.Target, func() ast.Value { return ast.NewObject() }), true
	case *ir.MakeSetStmt:
		return makes(s.Target, func() ast.Value { return ast.NewSet() }), true
	case *ir.ObjectMergeStmt:
		a, b := c.local(s.A), c.local(s.B)
		return func(f *frame) signal {
			f.locals[s.Target] = merge(a.get(f), b.get(f))
			return next
		}, true
	}
	return nil, false
}

// makes returns a step that gives a variable something to add to.
func makes(target ir.Local, make func() ast.Value) step {
	return func(f *frame) signal {
		f.locals[target] = ast.NewTerm(make())
		return next
	}
}

func (c *coder) dot(s *ir.DotStmt) step {
	source, key, target := c.operand(s.Source), c.operand(s.Key), s.Target
	return func(f *frame) signal {
		of := source.get(f)
		if of == nil {
			return undefined
		}
		k := key.get(f)
		if s := f.run.takes(k); s != next {
			return s
		}
		return f.set(target, of.Get(k))
	}
}

func (c *coder) length(s *ir.LenStmt) step {
	source, target := c.operand(s.Source), s.Target
	return func(f *frame) signal {
		n, ok := size(source.get(f))
		if !ok {
			return undefined
		}
		f.locals[target] = integer(n)
		return next
	}
}

// assignOnce compiles the assignment of a rule's value. A rule that yields nothing else
// need not go on.
func (c *coder) assignOnce(s *ir.AssignVarOnceStmt) step {
	source, target := c.operand(s.Source), s.Target
	if uniform := c.uniform; uniform != nil && target != c.source.Return {
		return func(f *frame) signal {
			f.result = uniform
			return returned
		}
	}
	after := next
	if source.constant != nil {
		for _, result := range c.results {
			if result.local == target {
				after = signal(c.depth - result.depth + 1)
			}
		}
	}
	conflict := &topdown.Error{
		Code: topdown.ConflictErr, Location: c.location(s),
		Message: c.made.kind() + " " + c.made.name + " produced conflicting values",
	}
	return func(f *frame) signal {
		value, before := source.get(f), f.locals[target]
		if s := f.run.compares(before, value); s != next {
			return s
		}
		switch {
		case before == nil:
			f.locals[target] = value
		case !before.Equal(value):
			return f.run.fail(conflict)
		}
		return after
	}
}

// kind returns what a function is called in messages.
func (f *function) kind() string {
	if len(f.parameters) > documents {
		return "function"
	}
	return "rule"
}

// merge lays a document that rules make over one that is given: objects are merged, and
// of anything else the given one counts.
func merge(given, made *ast.Term) *ast.Term {
	if given == nil {
		return made
	}
	if made == nil {
		return given
	}
	a, ok := given.Value.(ast.Object)
	b, isObject := made.Value.(ast.Object)
	if !ok || !isObject {
		return given
	}
	merged, _ := a.MergeWith(b, func(given, made *ast.Term) (*ast.Term, bool) { return merge(given, made), false })
	return ast.NewTerm(merged)
}
