package interpreter

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// target is the name that OPA knows the planner's customer by.
const target = "reeve"

// register makes the target known to OPA, which keeps targets for the whole process.
var register = sync.OnceFunc(func() { rego.RegisterPlugin(target, planned{}) })

// planned takes plans out of OPA: its planner is reached through a target only.
type planned struct{}

// handover is the key of the context's value that a plan is put in.
type handover struct{}

// IsTarget tells whether a query asks for the target.
func (planned) IsTarget(name string) bool { return name == target }

// PrepareForEval hands the plan over.
func (planned) PrepareForEval(ctx context.Context, policy *ir.Policy, _ ...rego.PrepareOption) (rego.TargetPluginEval, error) {
	*ctx.Value(handover{}).(**ir.Policy) = policy
	return nil, nil
}

// plan returns the plan of everything that some rules reach. It fails when one of
// them cannot be planned. OPA's planner panics where it knows no better.
func plan(compiler *ast.Compiler, rules []ast.Ref, builtins map[string]*topdown.Builtin) (policy *ir.Policy, err error) {
	register()
	defer func() {
		if p := recover(); p != nil {
			policy, err = nil, fmt.Errorf("plan: %v", p)
		}
	}()
	body := query(rules)
	options := make([]func(*rego.Rego), 0, len(builtins)+3)
	options = append(options, rego.Compiler(compiler), rego.ParsedQuery(body), rego.Target(target))
	for name, builtin := range builtins {
		options = append(options, rego.FunctionDecl(&rego.Function{Name: name, Decl: builtin.Decl.Decl}))
	}
	_, err = rego.New(options...).PrepareForEval(context.WithValue(context.Background(), handover{}, &policy))
	return policy, err
}

// together is how many rules stand in one body: OPA's compiler looks at each
// expression of a body together with each other one.
const together = 32

// query returns a query that reaches rules.
func query(rules []ast.Ref) ast.Body {
	var body ast.Body
	for some := range slices.Chunk(rules, together) {
		var within ast.Body
		for i, ref := range some {
			within.Append(ast.Equality.Expr(ast.VarTerm(fmt.Sprintf("x%d", i)), ast.NewTerm(ref.Copy())))
		}
		list := ast.ArrayComprehensionTerm(ast.BooleanTerm(true), within)
		body.Append(ast.Equality.Expr(ast.VarTerm(fmt.Sprintf("y%d", len(body))), list))
	}
	return body
}

// planAll plans as many of some rules as can be planned together, and returns those.
func planAll(compiler *ast.Compiler, rules []ast.Ref, builtins map[string]*topdown.Builtin) (*ir.Policy, []ast.Ref) {
	if len(rules) == 0 {
		return nil, nil
	}
	policy, err := plan(compiler, rules, builtins)
	if err == nil {
		return policy, rules
	}
	if len(rules) == 1 {
		return nil, nil
	}
	middle := len(rules) / 2
	_, first := planAll(compiler, rules[:middle], builtins)
	_, second := planAll(compiler, rules[middle:], builtins)
	plannable := slices.Concat(first, second)
	if len(plannable) == len(rules) { // each half alone, but not both
		return nil, nil
	}
	return planAll(compiler, plannable, builtins)
}
