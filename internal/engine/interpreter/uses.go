package interpreter

import "github.com/open-policy-agent/opa/v1/ir"

// use says what a block does with a variable.
type use struct {
	writes int // statements that give it a value, or take it away
	reads  int // statements that read its value
	grows  int // statements that add to the list or object that it holds
	tested bool
	// exposed is true when it is read before it is written: its value comes from
	// another block.
	exposed bool
}

// uses are the variables of a block.
type uses map[ir.Local]*use

func (u uses) of(local ir.Local) *use {
	if u[local] == nil {
		u[local] = &use{}
	}
	return u[local]
}

// seen returns the use of a variable whose value is needed.
func (u uses) seen(local ir.Local) *use {
	use := u.of(local)
	use.exposed = use.exposed || use.writes == 0
	return use
}

func (u uses) read(locals ...ir.Local) {
	for _, local := range locals {
		u.seen(local).reads++
	}
}

func (u uses) readOperands(operands ...ir.Operand) {
	for _, operand := range operands {
		if local, ok := operand.Value.(ir.Local); ok {
			u.read(local)
		}
	}
}

func (u uses) write(local ir.Local) { u.of(local).writes++ }

// block counts what a block and those within do.
func (u uses) block(block *ir.Block) {
	for _, statement := range block.Stmts {
		u.statement(statement)
	}
}

// statement counts what a statement does.
func (u uses) statement(statement ir.Stmt) {
	switch s := statement.(type) {
	case *ir.BlockStmt:
		for _, block := range s.Blocks {
			u.block(block)
		}
	case *ir.ScanStmt:
		u.read(s.Source)
		u.write(s.Key)
		u.write(s.Value)
		u.block(s.Block)
	case *ir.NotStmt:
		u.block(s.Block)
	case *ir.WithStmt:
		u.readOperands(s.Value)
		u.read(s.Local)
		u.write(s.Local)
		u.block(s.Block)
	case *ir.CallStmt:
		u.readOperands(s.Args...)
		u.write(s.Result)
	case *ir.CallDynamicStmt:
		u.read(s.Args...)
		u.readOperands(s.Path...)
		u.write(s.Result)
	case *ir.ReturnLocalStmt:
		u.read(s.Source)
	default:
		u.value(statement)
	}
}

// value counts what a statement does that computes a value.
func (u uses) value(statement ir.Stmt) {
	switch s := statement.(type) {
	case *ir.DotStmt:
		u.readOperands(s.Source, s.Key)
		u.write(s.Target)
	case *ir.LenStmt:
		u.readOperands(s.Source)
		u.write(s.Target)
	case *ir.AssignVarStmt:
		u.readOperands(s.Source)
		u.write(s.Target)
	case *ir.AssignVarOnceStmt:
		u.readOperands(s.Source)
		u.read(s.Target)
		u.write(s.Target)
	case *ir.AssignIntStmt:
		u.write(s.Target)
	case *ir.ResetLocalStmt:
		u.write(s.Target)
	case *ir.MakeNullStmt:
		u.write(s.Target)
	case *ir.MakeNumberIntStmt:
		u.write(s.Target)
	case *ir.MakeNumberRefStmt:
		u.write(s.Target)
	case *ir.MakeArrayStmt:
		u.write(s.Target)
	case *ir.MakeObjectStmt:
		u.write(s.Target)
	case *ir.MakeSetStmt:
		u.write(s.Target)
	case *ir.ObjectMergeStmt:
		u.read(s.A, s.B)
		u.write(s.Target)
	default:
		u.check(statement)
	}
}

// check counts what a statement does that checks values, or adds to them.
func (u uses) check(statement ir.Stmt) {
	switch s := statement.(type) {
	case *ir.EqualStmt:
		u.readOperands(s.A, s.B)
	case *ir.NotEqualStmt:
		u.readOperands(s.A, s.B)
	case *ir.IsArrayStmt:
		u.readOperands(s.Source)
	case *ir.IsObjectStmt:
		u.readOperands(s.Source)
	case *ir.IsSetStmt:
		u.readOperands(s.Source)
	case *ir.IsDefinedStmt:
		u.read(s.Source)
		u.of(s.Source).tested = true
	case *ir.IsUndefinedStmt:
		u.read(s.Source)
		u.of(s.Source).tested = true
	case *ir.ArrayAppendStmt:
		u.readOperands(s.Value)
		u.seen(s.Array).grows++
	case *ir.ObjectInsertStmt:
		u.readOperands(s.Key, s.Value)
		u.seen(s.Object).grows++
	case *ir.ObjectInsertOnceStmt:
		u.readOperands(s.Key, s.Value)
		u.seen(s.Object).grows++
	case *ir.SetAddStmt:
		u.readOperands(s.Value)
		u.seen(s.Set).grows++
	case *ir.ResultSetAddStmt:
		u.read(s.Value)
	}
}
