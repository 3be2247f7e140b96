package interpreter

import (
	"maps"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
)

// literal is a list or an object that is made and filled in one go, as [x, y] in a
// rule. The plan adds to it bit by bit.
type literal struct {
	local  ir.Local
	kind   func([]*ast.Term) ast.Value
	values []ir.Operand // of objects, keys and values in turns
	fields bool         // it is an object
	steps  int          // how many statements add to it
	last   int          // the statement at which it is whole
}

// literals returns the literals among the statements of a block, by the statements that
// make them.
func (c *coder) literals(statements []ir.Stmt) map[int]*literal {
	open := make(map[ir.Local]*literal)
	found := make(map[int]*literal)
	for i, statement := range statements {
		local, begun, values := part(statement)
		if begun != nil {
			begun.local, open[local] = local, begun
		}
		l := open[local]
		if l == nil || begun == nil && values == nil {
			continue
		}
		if l.last, found[i] = i, l; begun == nil {
			l.values = append(l.values, values...)
			l.steps++
		}
	}
	maps.DeleteFunc(found, func(_ int, l *literal) bool {
		return !c.settled(l.local) || c.uses.of(l.local).grows != l.steps || !c.allSteady(l.values)
	})
	return found
}

// part returns the variable that a statement makes a list or an object for, with the
// literal that begins there, or that it adds values to.
func part(statement ir.Stmt) (local ir.Local, begun *literal, values []ir.Operand) {
	switch s := statement.(type) {
	case *ir.MakeArrayStmt:
		return s.Target, &literal{kind: array}, nil
	case *ir.MakeSetStmt:
		return s.Target, &literal{kind: set}, nil
	case *ir.MakeObjectStmt:
		return s.Target, &literal{kind: object, fields: true}, nil
	case *ir.ArrayAppendStmt:
		return s.Array, nil, []ir.Operand{s.Value}
	case *ir.SetAddStmt:
		return s.Set, nil, []ir.Operand{s.Value}
	case *ir.ObjectInsertStmt:
		return s.Object, nil, []ir.Operand{s.Key, s.Value}
	}
	return 0, nil, nil
}

func (c *coder) allSteady(operands []ir.Operand) bool {
	for _, operand := range operands {
		if local, ok := operand.Value.(ir.Local); ok && !c.steady(local) {
			return false
		}
	}
	return true
}

// literal compiles a statement of a literal: only the last one makes anything, and one
// of constants is made now.
func (c *coder) literal(l *literal, at int) step {
	if at != l.last {
		return nil
	}
	values := make([]operand, len(l.values))
	constants := make([]*ast.Term, len(l.values))
	constant := true
	for i, value := range l.values {
		values[i] = c.operand(value)
		constants[i] = values[i].constant
		constant = constant && constants[i] != nil
	}
	kind := l.kind
	if l.fields && keysDiffer(values) {
		kind = fields
	}
	if constant && newScale(maxFolded).bears(constants...) { // lists that hold one another make much of little
		return c.define(l.local, operand{constant: ast.NewTerm(l.kind(constants))})
	}
	target := l.local
	return func(f *frame) signal {
		terms := make([]*ast.Term, len(values))
		for i, value := range values {
			terms[i] = value.get(f)
		}
		f.locals[target] = ast.NewTerm(kind(terms))
		return next
	}
}

func array(terms []*ast.Term) ast.Value { return ast.NewArray(terms...) }

func set(terms []*ast.Term) ast.Value { return ast.NewSet(terms...) }

func object(terms []*ast.Term) ast.Value {
	made := ast.NewObjectWithCapacity(len(terms) / 2)
	for i := 0; i < len(terms); i += 2 {
		made.Insert(terms[i], terms[i+1])
	}
	return made
}

// fields makes an object of keys that are known to differ.
func fields(terms []*ast.Term) ast.Value {
	var few [8][2]*ast.Term // most have no more, and these need not be allocated
	pairs := few[:0]
	for i := 0; i < len(terms); i += 2 {
		pairs = append(pairs, ast.Item(terms[i], terms[i+1]))
	}
	return ast.NewObject(pairs...)
}

// keysDiffer tells whether all keys among the values of an object are constants, and
// each another one.
func keysDiffer(values []operand) bool {
	for i := 0; i < len(values); i += 2 {
		if values[i].constant == nil {
			return false
		}
		for j := 0; j < i; j += 2 {
			if values[i].constant.Equal(values[j].constant) {
				return false
			}
		}
	}
	return true
}

// growing stands for a list that a comprehension is collecting.
type growing struct {
	ast.Value
	terms []*ast.Term
}

// collection compiles a list together with the block that fills it, as
// [x | x := input[_]]; nil when the statements are something else.
func (c *coder) collection(first, second ir.Stmt) (step, error) {
	made, isArray := first.(*ir.MakeArrayStmt)
	body, isBlock := second.(*ir.BlockStmt)
	if !isArray || !isBlock || !c.settled(made.Target) {
		return nil, nil
	}
	within := make(uses)
	within.statement(body)
	if in, all := within.of(made.Target), c.uses.of(made.Target); in.grows != all.grows || in.reads > 0 {
		return nil, nil
	}
	fill, err := c.blocks(body)
	if err != nil {
		return nil, err
	}
	target := made.Target
	return func(f *frame) signal {
		list := &growing{}
		f.locals[target] = ast.NewTerm(list)
		s := fill(f)
		f.locals[target] = ast.NewTerm(ast.NewArray(list.terms...))
		return s
	}, nil
}
