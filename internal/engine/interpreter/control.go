package interpreter

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
)

// blocks compiles blocks that run one after the other, each until it is left.
func (c *coder) blocks(s *ir.BlockStmt) (step, error) {
	blocks := make([]block, len(s.Blocks))
	for i, source := range s.Blocks {
		var err error
		if blocks[i], err = c.nested(source, 1); err != nil {
			return nil, err
		}
	}
	return func(f *frame) signal {
		for _, block := range blocks {
			if s := block.run(f); s < next {
				return s
			} else if s > undefined {
				return s - 1
			}
		}
		return next
	}, nil
}

// not compiles a block that must be left.
func (c *coder) not(s *ir.NotStmt) (step, error) {
	body, err := c.nested(s.Block, 1)
	if err != nil {
		return nil, err
	}
	return func(f *frame) signal {
		switch s := body.run(f); {
		case s == next:
			return undefined
		case s == undefined:
			return next
		case s > undefined:
			return s - 1
		default:
			return s
		}
	}, nil
}

// scan compiles a loop over what a variable holds.
func (c *coder) scan(s *ir.ScanStmt) (step, error) {
	loop, err := c.loop(s)
	if err != nil {
		return nil, err
	}
	source := c.local(s.Source)
	return func(f *frame) signal {
		term := source.get(f)
		if term == nil {
			return next
		}
		switch value := term.Value.(type) {
		case *ast.Array:
			return loop.array(f, value)
		case ast.Set:
			return loop.set(f, value)
		case ast.Object:
			return loop.object(f, value)
		}
		return next
	}, nil
}

// scanLevels is how many blocks are left by leaving a loop: one turn of it, and all.
const scanLevels = 2

// loop runs a block for each element of something.
type loop struct {
	key, value ir.Local
	readsKey   bool
	body       block
}

func (c *coder) loop(s *ir.ScanStmt) (*loop, error) {
	body, err := c.nested(s.Block, scanLevels)
	if err != nil {
		return nil, err
	}
	return &loop{key: s.Key, value: s.Value, body: body, readsKey: c.uses.of(s.Key).reads > 0}, nil
}

// turn runs the block once and tells whether to go on, and how if not.
func (l *loop) turn(f *frame, key, value *ast.Term) (bool, signal) {
	if !f.run.goesOn() {
		return false, failed
	}
	f.locals[l.key], f.locals[l.value] = key, value
	switch s := l.body.run(f); {
	case s == next, s == undefined:
		return true, next
	case s >= scanLevels:
		return false, s - scanLevels
	default:
		return false, s
	}
}

func (l *loop) array(f *frame, of *ast.Array) signal {
	var key *ast.Term
	for i := range of.Len() {
		if l.readsKey {
			key = integer(i)
		}
		if goesOn, s := l.turn(f, key, of.Elem(i)); !goesOn {
			return s
		}
	}
	return next
}

func (l *loop) set(f *frame, of ast.Set) signal {
	for _, element := range of.Slice() {
		if goesOn, s := l.turn(f, element, element); !goesOn {
			return s
		}
	}
	return next
}

func (l *loop) object(f *frame, of ast.Object) signal {
	end := next
	of.Until(func(key, value *ast.Term) bool {
		goesOn, s := l.turn(f, key, value)
		end = s
		return !goesOn
	})
	return end
}

// with compiles a block in which a document is another one.
func (c *coder) with(s *ir.WithStmt) (step, error) {
	body, err := c.nested(s.Block, 1)
	if err != nil {
		return nil, err
	}
	path := make([]*ast.Term, len(s.Path))
	for i, index := range s.Path {
		path[i] = c.strings[index]
	}
	local, value := s.Local, c.operand(s.Value)
	return func(f *frame) signal {
		run, saved := f.run, f.locals[local]
		scope, scopes := run.scope, len(run.scopes)
		f.locals[local] = upsert(saved, path, value.get(f))
		run.enter(f.locals[ir.Input], f.locals[ir.Data])
		s := body.run(f)
		run.leave(scopes, scope)
		f.locals[local] = saved
		if s > undefined {
			return s - 1
		}
		return s
	}, nil
}

// upsert returns a document with a value at a path. What lies on the path and is no
// object is replaced by one.
func upsert(document *ast.Term, path []*ast.Term, value *ast.Term) *ast.Term {
	if len(path) == 0 {
		return value
	}
	object := ast.NewObject()
	if document != nil {
		if known, ok := document.Value.(ast.Object); ok {
			object = known
		}
	}
	change := ast.NewObject(ast.Item(path[0], upsert(object.Get(path[0]), path[1:], value)))
	changed, _ := object.MergeWith(change, func(_, after *ast.Term) (*ast.Term, bool) { return after, false })
	return ast.NewTerm(changed)
}
