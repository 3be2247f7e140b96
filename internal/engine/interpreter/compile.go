package interpreter

import (
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
)

// coder compiles one function.
type coder struct {
	*constants
	program *Program
	source  *ir.Func
	made    *function
	// shared are the variables whose values go from one of the function's blocks to
	// another, or to its caller. Nothing is known of them.
	shared map[ir.Local]bool
	uses   uses // of the block that is being compiled
	known  map[ir.Local]operand
	// uniform is what the function returns if it returns anything but its default.
	uniform *ast.Term
	depth   int // how many blocks stand around the current one
	results []result
}

// result is the variable that a block puts what a Rego rule yields in.
type result struct {
	local ir.Local
	depth int
}

// compileFunction compiles a planned function.
func compileFunction(program *Program, made *function, source *ir.Func, known *constants) error {
	c := &coder{constants: known, program: program, source: source, made: made, shared: make(map[ir.Local]bool)}
	made.parameters = source.Params
	all := make([]uses, len(source.Blocks))
	for i, block := range source.Blocks {
		all[i] = make(uses)
		all[i].block(block)
		for local, use := range all[i] {
			c.shared[local] = c.shared[local] || use.exposed
			made.locals = max(made.locals, int(local)+1)
		}
	}
	for _, local := range slices.Concat(source.Params, []ir.Local{source.Return}) {
		made.locals = max(made.locals, int(local)+1)
	}
	c.shared[source.Return] = true
	made.unsound = made.unsound || c.readsUnbound()
	c.uniform = c.uniformResult()
	for i, block := range source.Blocks {
		c.uses, c.known = all[i], make(map[ir.Local]operand)
		code, err := c.resultBlock(block)
		if err != nil {
			return err
		}
		made.blocks = append(made.blocks, code)
	}
	return nil
}

// readsUnbound tells whether a variable is read that has no value by then, because the
// plan has taken what unifies two unknown variables, as in [x, x] = [y, 1], for an
// assignment. Only arguments and results come from other blocks.
func (c *coder) readsUnbound() bool {
	last := c.source.Return
	for _, parameter := range c.source.Params {
		last = max(last, parameter)
	}
	for local, shared := range c.shared {
		if shared && local > last+1 { // that one is what the bodies of rules yield
			return true
		}
	}
	return false
}

// uniformResult returns what all rules of a function yield, where that is one constant.
func (c *coder) uniformResult() *ast.Term {
	var values []*ast.Term
	single := true
	for _, block := range c.source.Blocks {
		eachStatement(block, func(statement ir.Stmt) {
			if s, ok := statement.(*ir.AssignVarOnceStmt); ok && s.Target != c.source.Return {
				constant := c.constant(s.Source)
				single = single && constant != nil && (len(values) == 0 || values[0].Equal(constant))
				values = append(values, constant)
			}
		})
	}
	if !single || len(values) == 0 {
		return nil
	}
	return values[0]
}

// eachStatement calls f with the statements of a block and of those within.
func eachStatement(block *ir.Block, f func(ir.Stmt)) {
	for _, statement := range block.Stmts {
		f(statement)
		switch s := statement.(type) {
		case *ir.BlockStmt:
			for _, below := range s.Blocks {
				eachStatement(below, f)
			}
		case *ir.ScanStmt:
			eachStatement(s.Block, f)
		case *ir.NotStmt:
			eachStatement(s.Block, f)
		case *ir.WithStmt:
			eachStatement(s.Block, f)
		}
	}
}

// resultBlock compiles a block that may be the body of a Rego rule.
func (c *coder) resultBlock(block *ir.Block) (block, error) {
	before := len(c.results)
	defer func() { c.results = c.results[:before] }()
	if len(block.Stmts) > 0 {
		switch first := block.Stmts[0].(type) {
		case *ir.ResetLocalStmt:
			c.results = append(c.results, result{first.Target, c.depth})
		case *ir.IsUndefinedStmt:
			c.results = append(c.results, result{first.Source, c.depth})
		}
	}
	return c.block(block)
}

// nested compiles a block that stands in another one, of which so many levels are left
// on leaving it.
func (c *coder) nested(block *ir.Block, levels int) (block, error) {
	c.depth += levels
	defer func() { c.depth -= levels }()
	return c.resultBlock(block)
}

// block compiles the statements of a block.
func (c *coder) block(block *ir.Block) (block, error) {
	var code []step
	literals := c.literals(block.Stmts)
	for i := 0; i < len(block.Stmts); i++ {
		if literal := literals[i]; literal != nil {
			if step := c.literal(literal, i); step != nil {
				code = append(code, step)
			}
			continue
		}
		if i+1 < len(block.Stmts) {
			step, err := c.pair(block.Stmts[i], block.Stmts[i+1])
			if err != nil {
				return nil, err
			}
			if step != nil {
				code = append(code, step)
				i++
				continue
			}
		}
		step, err := c.statement(block.Stmts[i])
		if err != nil {
			return nil, err
		}
		if step != nil {
			code = append(code, step)
		}
	}
	return code, nil
}

// pair compiles two statements that are better compiled together; nil for others.
func (c *coder) pair(first, second ir.Stmt) (step, error) {
	if step, err := c.collection(first, second); step != nil || err != nil {
		return step, err
	}
	return c.walk(first, second)
}

// settled tells whether a variable gets its value in one place, before it is read.
func (c *coder) settled(local ir.Local) bool {
	use := c.uses.of(local)
	return use.writes == 1 && !use.tested && !c.shared[local] && !c.isParameter(local)
}

// steady tells whether a variable keeps its value for as long as what was made of it.
func (c *coder) steady(local ir.Local) bool {
	if c.isParameter(local) {
		return c.uses.of(local).writes == 0
	}
	return c.settled(local)
}

func (c *coder) isParameter(local ir.Local) bool {
	for _, parameter := range c.source.Params {
		if parameter == local {
			return true
		}
	}
	return false
}

// constant returns the constant that an operand is in the plan, nil for none.
func (c *coder) constant(of ir.Operand) *ast.Term {
	switch value := of.Value.(type) {
	case ir.StringIndex:
		return c.strings[value]
	case ir.Bool:
		return boolean(bool(value))
	}
	return nil
}

// operand returns where the value of an operand is to be found.
func (c *coder) operand(of ir.Operand) operand {
	if constant := c.constant(of); constant != nil {
		return operand{constant: constant}
	}
	return c.local(of.Value.(ir.Local))
}

func (c *coder) operands(of []ir.Operand) []operand {
	operands := make([]operand, len(of))
	for i, one := range of {
		operands[i] = c.operand(one)
	}
	return operands
}

// local returns where the value of a variable is to be found.
func (c *coder) local(local ir.Local) operand {
	if known, ok := c.known[local]; ok {
		return known
	}
	return operand{local: local}
}

// define gives a variable a value and returns the step that does so, nil where it is
// enough to know it.
func (c *coder) define(target ir.Local, value operand) step {
	if c.uses.of(target).reads == 0 && !c.shared[target] {
		return nil
	}
	if c.settled(target) && (value.constant != nil || c.steady(value.local)) {
		c.known[target] = value
		return nil
	}
	return func(f *frame) signal {
		f.locals[target] = value.get(f)
		return next
	}
}

// statement compiles a statement. A nil step does nothing.
func (c *coder) statement(statement ir.Stmt) (step, error) {
	switch s := statement.(type) {
	case *ir.BlockStmt:
		return c.blocks(s)
	case *ir.ScanStmt:
		return c.scan(s)
	case *ir.NotStmt:
		return c.not(s)
	case *ir.WithStmt:
		return c.with(s)
	case *ir.CallStmt:
		return c.call(s)
	case *ir.CallDynamicStmt:
		c.made.unsound = true // see soundness
		return nil, nil
	}
	made, ok := c.value(statement)
	if !ok {
		made, ok = c.check(statement)
	}
	if !ok {
		return nil, fmt.Errorf("statement %T is not known", statement)
	}
	return made, nil
}
