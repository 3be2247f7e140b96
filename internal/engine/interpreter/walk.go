package interpreter

import (
	"errors"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// collected makes a builtin that yields many results yield one list of them.
func collected(function topdown.BuiltinFunc) topdown.BuiltinFunc {
	return func(context topdown.BuiltinContext, operands []*ast.Term, iterate func(*ast.Term) error) error {
		var all []*ast.Term
		err := function(context, operands, func(term *ast.Term) error {
			all = append(all, term)
			return nil
		})
		if err != nil {
			return err
		}
		return iterate(ast.NewTerm(ast.NewArray(all...)))
	}
}

// errLeft ends a builtin whose results are not wanted any more.
var errLeft = errors.New("left")

// walk compiles a builtin that yields many results together with the loop over them,
// which need not wait for the last; nil when the statements are something else.
func (c *coder) walk(first, second ir.Stmt) (step, error) {
	s, isCall := first.(*ir.CallStmt)
	over, isScan := second.(*ir.ScanStmt)
	if !isCall || !isScan || over.Source != s.Result || c.uses.of(s.Result).reads != 1 || c.program.byName[s.Func] != nil {
		return nil, nil
	}
	builtin, err := c.builtin(s.Func)
	if err != nil || !builtin.Decl.Relation {
		return nil, err
	}
	arguments := c.operands(s.Args)
	if c.leavesPaths(over) {
		arguments = append(arguments, operand{constant: valuesOnly})
	}
	loop, err := c.loop(over)
	if err != nil {
		return nil, err
	}
	location := c.location(s)
	return func(f *frame) signal {
		end, n := next, 0
		err := f.run.builtinCall(builtin.Func, arguments, f, location, func(term *ast.Term) error {
			goesOn, s := loop.turn(f, integer(n), term)
			if n++; goesOn {
				return nil
			}
			end = s
			return topdown.Halt{Err: errLeft}
		})
		if err != nil && !errors.Is(err, errLeft) {
			return f.run.skip(err)
		}
		return end
	}, nil
}

// valuesOnly is what walk is called with that need not say where it found a value: it
// makes no paths then, which take most of its time.
var valuesOnly = ast.ArrayTerm(ast.VarTerm(ast.WildcardPrefix), ast.VarTerm(ast.WildcardPrefix))

// leavesPaths tells whether a loop takes its values for pairs, and never reads what
// comes first in them.
func (c *coder) leavesPaths(over *ir.ScanStmt) bool {
	within := make(uses)
	within.block(over.Block)
	const pairReads = 4 // is it an array, of what length, and its two elements
	if within.of(over.Value).reads != pairReads || within.of(over.Key).reads > 0 {
		return false
	}
	statements := over.Block.Stmts
	for i := 0; i+2 < len(statements); i++ {
		index, isIndex := statements[i].(*ir.AssignIntStmt)
		element, isElement := statements[i+1].(*ir.DotStmt)
		path, isPath := statements[i+2].(*ir.AssignVarStmt)
		if isIndex && isElement && isPath {
			first := index.Value == 0 && element.Source.Value == over.Value && element.Key.Value == index.Target
			return first && path.Source.Value == element.Target && c.uses.of(path.Target).reads == 0
		}
	}
	return false
}
