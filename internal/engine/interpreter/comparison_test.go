package interpreter_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/kubereeve/reeve/internal/engine/interpreter"
)

// question is the rule that is asked of a program and of topdown alike.
var question = ast.MustParseRef("data.asked.result")

// comparison is some Rego with its documents.
type comparison struct {
	ctx          context.Context
	modules      map[string]*ast.Module
	capabilities *ast.Capabilities
	data         map[string]any
	input        *ast.Term
	compiler     *ast.Compiler
	limit        time.Duration // of each evaluation; 0 for none
}

// parse makes a comparison of a module in which result is asked, without its package,
// and of other modules.
func parse(tb testing.TB, text, input string, others ...string) *comparison {
	tb.Helper()
	c := &comparison{ctx: tb.Context(), modules: make(map[string]*ast.Module), input: ast.MustParseTerm(input)}
	for i, text := range append([]string{"package asked\n" + text}, others...) {
		name := "asked.rego"
		if i > 0 {
			name = fmt.Sprintf("other%d.rego", i)
		}
		module, err := ast.ParseModuleWithOpts(name, text, ast.ParserOptions{RegoVersion: ast.RegoV1})
		if err != nil {
			tb.Fatal(err)
		}
		c.modules[name] = module
	}
	if err := c.compile(); err != nil {
		tb.Fatal(err)
	}
	return c
}

func (c *comparison) compile() error {
	c.compiler = ast.NewCompiler()
	if c.capabilities != nil {
		c.compiler = c.compiler.WithCapabilities(c.capabilities)
	}
	if c.data == nil {
		c.data = make(map[string]any)
	}
	if c.compiler.Compile(c.modules); c.compiler.Failed() {
		return c.compiler.Errors
	}
	return nil
}

// plan makes a program and tells whether it can be asked.
func (c *comparison) plan(tb testing.TB) (*interpreter.Program, interpreter.Rule, bool) {
	tb.Helper()
	program, err := interpreter.New(c.compiler, []ast.Ref{question}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	rule, planned := program.Rule(question)
	return program, rule, planned
}

// program asks a program. The test ends where it cannot be asked.
func (c *comparison) program(tb testing.TB) (*ast.Term, error) {
	tb.Helper()
	program, rule, planned := c.plan(tb)
	if !planned {
		tb.Skip("the rule is left to topdown")
	}
	run := c.start(program)
	defer run.Release()
	value, _, err := run.Ask(c.ctx, rule)
	return value, err
}

func (c *comparison) start(program *interpreter.Program) *interpreter.Run {
	data := ast.NewTerm(ast.MustInterfaceToValue(c.data))
	return program.Start(c.input, data, c.cancel())
}

// cancel returns what ends an evaluation at its limit.
func (c *comparison) cancel() *interpreter.Cancel {
	cancel := &interpreter.Cancel{}
	if c.limit > 0 {
		time.AfterFunc(c.limit, cancel.Cancel)
	}
	return cancel
}

// topdown asks OPA's evaluator.
func (c *comparison) topdown() (*ast.Term, error) {
	store := inmem.NewFromObject(c.data)
	var result *ast.Term
	err := storage.Txn(c.ctx, store, storage.TransactionParams{}, func(txn storage.Transaction) error {
		body, err := c.compiler.QueryCompiler().Compile(ast.NewBody(ast.Equality.Expr(ast.VarTerm("result"), ast.NewTerm(question))))
		if err != nil {
			return err
		}
		query := topdown.NewQuery(body).WithCompiler(c.compiler).WithStore(store).WithTransaction(txn).WithInput(c.input).WithCancel(c.cancel()).WithIndexing(false)
		return query.Iter(c.ctx, func(found topdown.QueryResult) error {
			result = found["result"]
			return nil
		})
	})
	return result, err
}
