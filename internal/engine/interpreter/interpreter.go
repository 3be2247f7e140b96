// Package interpreter evaluates Rego. OPA's planner turns rules into its intermediate
// representation (https://www.openpolicyagent.org/docs/ir), in which it is settled
// when a variable gets its value; the package makes functions of that, which a Run
// calls. That takes a fraction of the time of OPA's topdown evaluator, which unifies
// terms and looks up what is bound at every step. What the planner cannot plan is left
// to topdown.
package interpreter

import (
	"fmt"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Program is compiled Rego. It is immutable and safe for concurrent use.
type Program struct {
	functions    []*function
	byName       map[string]*function // as g0.data.a.b
	capabilities *ast.Capabilities    // bound which hosts builtins may reach
	runs         sync.Pool            // of *Run
}

// Rule is a rule of a program that a Run can be asked for.
type Rule struct{ function *function }

// New compiles what rules of a compiler reach, which must not be in use yet. Builtins
// are those that the rules may call beside OPA's own, by name. Rules that cannot be
// planned are left out. It fails where the plan has what the package does not know.
func New(compiler *ast.Compiler, rules []ast.Ref, builtins map[string]*topdown.Builtin) (*Program, error) {
	program := &Program{byName: make(map[string]*function), capabilities: compiler.Capabilities()}
	policy, _ := planAll(compiler, rules, builtins)
	if policy == nil {
		return program, nil
	}
	for _, planned := range policy.Funcs.Funcs {
		made := &function{name: strings.TrimPrefix(planned.Name, original), number: len(program.functions)}
		program.functions = append(program.functions, made)
		program.byName[planned.Name] = made
	}
	known := &constants{policy: policy, builtins: builtins}
	known.read()
	sound := soundness{compiler}
	for i, planned := range policy.Funcs.Funcs {
		program.functions[i].unsound = !sound.plans(planned.Path[1:]) || matchesVaryingKeys(planned)
		if err := compileFunction(program, program.functions[i], planned, known); err != nil {
			return nil, fmt.Errorf("compile %s: %w", planned.Name, err)
		}
	}
	program.markUnsound()
	return program, nil
}

// original is what the planner puts before the name of a rule outside of any 'with'.
const original = "g0."

// Rule returns a rule that was asked for, and whether it could be planned.
func (p *Program) Rule(ref ast.Ref) (Rule, bool) {
	found := p.byName[original+ref.String()]
	if found == nil || len(found.parameters) != documents || found.unsound {
		return Rule{}, false
	}
	return Rule{found}, true
}

// documents is how many documents every function is given first: the input and data.
const documents = 2

// function is the code of all Rego rules of one name.
type function struct {
	name       string
	number     int
	parameters []ir.Local
	locals     int
	blocks     []block
	// unsound is true when the code does not do what the Rego rules say, or calls
	// what does not. Calls are the functions that it calls.
	unsound bool
	calls   []*function
}

// markUnsound marks all functions that call an unsound one, directly or not.
func (p *Program) markUnsound() {
	callers := make(map[*function][]*function)
	var unsound []*function
	for _, f := range p.functions {
		for _, called := range f.calls {
			callers[called] = append(callers[called], f)
		}
		if f.unsound {
			unsound = append(unsound, f)
		}
	}
	for ; len(unsound) > 0; unsound = unsound[1:] {
		for _, caller := range callers[unsound[0]] {
			if !caller.unsound {
				caller.unsound = true
				unsound = append(unsound, caller)
			}
		}
	}
}

// block is code that runs until one of its steps does not go on.
type block []step

// step is a compiled statement.
type step func(*frame) signal

// signal says how to go on after a step. A positive one leaves so many blocks.
type signal int

const (
	next      signal = 0
	undefined signal = 1 // leaves the block
	returned  signal = -1
	failed    signal = -2
)

// frame holds the variables of a function that runs.
type frame struct {
	run    *Run
	locals []*ast.Term // nil is undefined
	result *ast.Term
}

func (b block) run(f *frame) signal {
	for _, step := range b {
		if s := step(f); s != next {
			return s
		}
	}
	return next
}

// constants are what all functions of a policy share.
type constants struct {
	policy   *ir.Policy
	builtins map[string]*topdown.Builtin
	strings  []*ast.Term
	numbers  []*ast.Term
}

func (c *constants) read() {
	for _, constant := range c.policy.Static.Strings {
		c.strings = append(c.strings, ast.StringTerm(constant.Value))
	}
	c.numbers = make([]*ast.Term, len(c.strings))
}

// number returns a number that is written in the policy.
func (c *constants) number(index int) *ast.Term {
	if c.numbers[index] == nil {
		c.numbers[index] = ast.NewTerm(ast.Number(c.policy.Static.Strings[index].Value))
	}
	return c.numbers[index]
}

// location returns where a statement was written.
func (c *constants) location(statement ir.Stmt) *ast.Location {
	at := statement.GetLocation()
	if at == nil || at.File >= len(c.policy.Static.Files) {
		return nil
	}
	return ast.NewLocation(at.Text, c.policy.Static.Files[at.File].Value, at.Row, at.Col)
}
