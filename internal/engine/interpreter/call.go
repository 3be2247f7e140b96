package interpreter

import (
	"errors"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// call compiles a call of a function or a builtin.
func (c *coder) call(s *ir.CallStmt) (step, error) {
	arguments := c.operands(s.Args)
	if called := c.program.byName[s.Func]; called != nil {
		c.made.calls = append(c.made.calls, called)
		c.made.unsound = c.made.unsound || len(arguments) != len(called.parameters)
		return callFunction(called, arguments, s.Result), nil
	}
	builtin, err := c.builtin(s.Func)
	if err != nil {
		return nil, err
	}
	slow := c.callBuiltin(builtin, arguments, s)
	if quick := quickly[s.Func]; quick != nil && c.builtins[s.Func] == nil {
		return callQuick(quick, arguments, s.Result, slow), nil
	}
	return slow, nil
}

func callQuick(quick quick, arguments []operand, result ir.Local, slow step) step {
	a, b := arguments[0], operand{}
	if len(arguments) > 1 {
		b = arguments[1]
	}
	return func(f *frame) signal {
		x, y := a.get(f), b.get(f)
		if s := f.run.compares(x, y); s != next {
			return s
		}
		if value := quick(x, y); value != nil {
			f.locals[result] = value
			return next
		}
		return slow(f)
	}
}

func callFunction(called *function, arguments []operand, result ir.Local) step {
	simple := len(arguments) == documents
	return func(f *frame) signal {
		run := f.run
		if simple { // it needs no frame
			if known := run.scope.known(called, nil); known != nil {
				return f.set(result, run.recall(known))
			}
		}
		callee := run.push(called)
		for i, argument := range arguments {
			callee.locals[called.parameters[i]] = argument.get(f)
		}
		value, ok := run.call(called, callee)
		if !ok {
			return failed
		}
		return f.set(result, value)
	}
}

// set gives a variable a value, and leaves the block where there is none.
func (f *frame) set(local ir.Local, value *ast.Term) signal {
	f.locals[local] = value
	if value == nil {
		return undefined
	}
	return next
}

// builtin returns a builtin by its name.
func (c *coder) builtin(name string) (*topdown.Builtin, error) {
	if known := c.builtins[name]; known != nil {
		return known, nil
	}
	declared, function := ast.BuiltinMap[name], topdown.GetBuiltin(name)
	if declared == nil || function == nil {
		return nil, fmt.Errorf("builtin %s is not known", name)
	}
	return &topdown.Builtin{Decl: declared, Func: function}, nil
}

func (c *coder) callBuiltin(builtin *topdown.Builtin, arguments []operand, s *ir.CallStmt) step {
	function, location, result := builtin.Func, c.location(s), s.Result
	void := builtin.Decl.Decl.Result() == nil
	if builtin.Decl.Relation {
		function = collected(function)
	}
	trusted := builtin.Decl.Relation || shallow[builtin.Decl.Name] || c.builtins[builtin.Decl.Name] != nil // those of our own look after themselves
	return func(f *frame) signal {
		run := f.run
		for i := 0; i < len(arguments) && !trusted; i++ {
			if s := run.takes(arguments[i].get(f)); s != next {
				return s
			}
		}
		run.output = nil
		if err := run.builtinCall(function, arguments, f, location, run.collect); err != nil {
			return run.skip(err)
		}
		if void {
			return next
		}
		return f.set(result, run.output)
	}
}

// shallow are builtins that look no deeper than at the parts of what they are given.
var shallow = map[string]bool{
	"array.concat": true, "array.reverse": true, "array.slice": true, "count": true, "object.get": true, "object.keys": true, "type_name": true,
}

// builtinCall calls a builtin with arguments of a frame.
func (r *Run) builtinCall(function topdown.BuiltinFunc, arguments []operand, f *frame, location *ast.Location, iterate func(*ast.Term) error) error {
	first := len(r.operands)
	for _, argument := range arguments {
		r.operands = append(r.operands, argument.get(f))
	}
	r.builtin.Location = location
	err := function(r.builtin, r.operands[first:len(r.operands):len(r.operands)], iterate)
	r.operands = r.operands[:first]
	return err
}

// skip takes what a builtin failed in for undefined, unless it must end the run.
func (r *Run) skip(err error) signal {
	if halt, ok := errors.AsType[topdown.Halt](err); ok {
		return r.fail(halt.Err)
	}
	if r.skipped == nil {
		r.skipped = err
	}
	return undefined
}
