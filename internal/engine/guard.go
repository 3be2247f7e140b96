package engine

import (
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/kubereeve/reeve/internal/engine/interpreter"
)

// A builtin does its work in one go: nothing can end it once it has begun, neither
// the deadline nor a look at the memory. Those that can make much of little are
// therefore called through a guard that looks at what they are given.
const (
	guardPrefix = "reeve_guarded"
	maxText     = 8 << 20 // bytes of a string that a builtin makes
	maxSearched = 1 << 20 // bytes of a string in which a pattern is replaced: a tenth of a microsecond each
	maxItems    = 1 << 20 // elements of a list that a builtin makes
	maxPaths    = 1 << 12 // through a graph whose paths are listed
	maxWork     = 1 << 24 // steps of a builtin that compares each of this with each of that
	maxPattern  = 1 << 12 // bytes of a pattern
	maxDigits   = 1 << 12 // of a number: multiplying and printing take the square of them
	maxGlob     = 256     // bytes of a glob that is held against another one
)

// errTooMuch says that a builtin would have made more than it may.
var errTooMuch = interpreter.ErrTooMuch

// guard returns an error when a builtin must not be called with its operands.
type guard func(operands []*ast.Term) error

// guardedBuiltins returns the guarded builtins under their other names: what the
// compiler has to know of them, and how they are called.
func guardedBuiltins() ([]*ast.Builtin, map[string]*topdown.Builtin) {
	var known []*ast.Builtin
	functions := make(map[string]*topdown.Builtin)
	for _, builtin := range ast.Builtins {
		check := guards[builtin.Name]
		function := topdown.GetBuiltin(builtin.Name)
		if builtin.Name == ast.Replace.Name {
			function = replace
		}
		if check == nil || function == nil {
			continue
		}
		renamed := *builtin
		renamed.Name = guardPrefix + "." + builtin.Name
		renamed.Infix = ""
		known = append(known, &renamed)
		functions[renamed.Name] = &topdown.Builtin{Decl: &renamed, Func: func(context topdown.BuiltinContext, operands []*ast.Term, iterate func(*ast.Term) error) error {
			if err := check(operands); err != nil {
				return topdown.Halt{Err: fmt.Errorf("%s: %w", builtin.Name, err)}
			}
			return function(context, operands, iterate)
		}}
	}
	return known, functions
}

// replace is OPA's builtin without the machine that it builds for each call, some two
// kilobytes: rules on quantities try the suffixes one after the other.
func replace(context topdown.BuiltinContext, operands []*ast.Term, iterate func(*ast.Term) error) error {
	text, ok := operands[0].Value.(ast.String)
	old, isText := operands[1].Value.(ast.String)
	with, areTexts := operands[2].Value.(ast.String)
	if !ok || !isText || !areTexts || old == "" {
		return topdown.GetBuiltin(ast.Replace.Name)(context, operands, iterate)
	}
	if !strings.Contains(string(text), string(old)) {
		return iterate(operands[0])
	}
	return iterate(ast.StringTerm(strings.ReplaceAll(string(text), string(old), string(with))))
}

// guardCalls makes the modules of a compiler call guarded builtins through their
// guards. References must have been resolved: a rule's own function may have the
// name of a builtin.
func guardCalls(compiler *ast.Compiler) {
	for _, module := range compiler.Modules {
		ast.WalkExprs(module, func(expression *ast.Expr) bool {
			if terms, ok := expression.Terms.([]*ast.Term); ok {
				guardCall(terms)
			}
			return false
		})
		ast.WalkTerms(module, func(term *ast.Term) bool {
			if call, ok := term.Value.(ast.Call); ok {
				guardCall(call)
			}
			return false
		})
	}
}

func guardCall(call []*ast.Term) {
	operator, ok := call[0].Value.(ast.Ref)
	if !ok || guards[operator.String()] == nil {
		return
	}
	guarded := ast.Ref{ast.VarTerm(guardPrefix)}
	for _, part := range strings.Split(operator.String(), ".") {
		guarded = append(guarded, ast.StringTerm(part))
	}
	call[0] = ast.NewTerm(guarded).SetLocation(call[0].Location)
}
