package interpreter

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// check compiles a statement that checks values or adds to them; false when it is none.
func (c *coder) check(statement ir.Stmt) (step, bool) {
	switch s := statement.(type) {
	case *ir.NopStmt:
		return nil, true
	case *ir.BreakStmt:
		levels := signal(s.Index) + undefined
		return func(*frame) signal { return levels }, true
	case *ir.ReturnLocalStmt:
		source := c.local(s.Source)
		return func(f *frame) signal {
			f.result = source.get(f)
			return returned
		}, true
	case *ir.EqualStmt:
		return c.equal(s), true
	case *ir.NotEqualStmt:
		return c.notEqual(s), true
	case *ir.IsArrayStmt:
		return c.is(s.Source, func(value ast.Value) bool { _, ok := value.(*ast.Array); return ok }), true
	case *ir.IsObjectStmt:
		return c.is(s.Source, func(value ast.Value) bool { _, ok := value.(ast.Object); return ok }), true
	case *ir.IsSetStmt:
		return c.is(s.Source, func(value ast.Value) bool { _, ok := value.(ast.Set); return ok }), true
	case *ir.IsDefinedStmt:
		return c.defined(s.Source, true), true
	case *ir.IsUndefinedStmt:
		return c.defined(s.Source, false), true
	}
	return c.adds(statement)
}

// passes leaves the block unless something is so.
func passes(so bool) signal {
	if so {
		return next
	}
	return undefined
}

func (c *coder) equal(s *ir.EqualStmt) step {
	a, b := c.operand(s.A), c.operand(s.B)
	return func(f *frame) signal {
		x, y := a.get(f), b.get(f)
		if s := f.run.compares(x, y); s != next {
			return s
		}
		return passes(x.Equal(y))
	}
}

// defined compiles a check of whether a variable has a value.
func (c *coder) defined(local ir.Local, has bool) step {
	source := c.local(local)
	return func(f *frame) signal { return passes((source.get(f) != nil) == has) }
}

func (c *coder) is(source ir.Operand, kind func(ast.Value) bool) step {
	of := c.operand(source)
	return func(f *frame) signal {
		term := of.get(f)
		return passes(term != nil && kind(term.Value))
	}
}

// notEqual compiles an inequality. Most say that a statement holds: it is not false.
func (c *coder) notEqual(s *ir.NotEqualStmt) step {
	a, b := c.operand(s.A), c.operand(s.B)
	if b.constant != isFalse {
		return func(f *frame) signal {
			x, y := a.get(f), b.get(f)
			if s := f.run.compares(x, y); s != next {
				return s
			}
			return passes(!x.Equal(y))
		}
	}
	return func(f *frame) signal {
		value := a.get(f)
		return passes(value != isFalse && (value == nil || !isDenied(value)))
	}
}

// adds compiles a statement that adds to a list or an object, which nobody else holds
// yet; false when it is none.
func (c *coder) adds(statement ir.Stmt) (step, bool) {
	switch s := statement.(type) {
	case *ir.ArrayAppendStmt:
		value, array := c.operand(s.Value), s.Array
		return func(f *frame) signal {
			switch list := f.locals[array].Value.(type) {
			case *growing:
				list.terms = append(list.terms, value.get(f))
			case *ast.Array:
				f.locals[array].Value = list.Append(value.get(f))
			}
			return next
		}, true
	case *ir.SetAddStmt:
		value, set := c.operand(s.Value), s.Set
		return func(f *frame) signal {
			term := value.get(f)
			s := f.run.takes(term) // it is compared with those of its hash
			if s == next {
				f.locals[set].Value.(ast.Set).Add(term)
			}
			return s
		}, true
	case *ir.ObjectInsertStmt:
		key, value, object := c.operand(s.Key), c.operand(s.Value), s.Object
		return func(f *frame) signal {
			k := key.get(f)
			s := f.run.takes(k)
			if s == next {
				f.locals[object].Value.(ast.Object).Insert(k, value.get(f))
			}
			return s
		}, true
	case *ir.ObjectInsertOnceStmt:
		return c.insertOnce(s), true
	}
	return nil, false
}

func (c *coder) insertOnce(s *ir.ObjectInsertOnceStmt) step {
	key, value, local := c.operand(s.Key), c.operand(s.Value), s.Object
	conflict := &topdown.Error{Code: topdown.ConflictErr, Message: "object keys must be unique", Location: c.location(s)}
	return func(f *frame) signal {
		object, k, v := f.locals[local].Value.(ast.Object), key.get(f), value.get(f)
		if s := f.run.takes(k); s != next {
			return s
		}
		before := object.Get(k)
		if s := f.run.compares(before, v); s != next {
			return s
		}
		switch {
		case before == nil:
			object.Insert(k, v)
		case !before.Equal(v):
			return f.run.fail(conflict)
		}
		return next
	}
}
