package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/engine/interpreter"
	"github.com/kubereeve/reeve/internal/engine/specialize"
	"github.com/kubereeve/reeve/internal/rule"
)

// specialized copies the Rego of entries that have arguments, and returns the
// specializer that has done it. Those that cannot be copied have an input of their own.
func specialized(set *compiled, entries []*entry) *specialize.Specializer {
	var modules map[string]*ast.Module
	if slices.ContainsFunc(entries, func(e *entry) bool { return e.rule.Arguments != nil }) {
		modules = set.modules()
	}
	specializer := specialize.New(modules)
	for _, entry := range entries {
		if entry.alone || entry.rule.Arguments == nil {
			continue
		}
		var err error
		if entry.copy, err = specializer.Entry(entry.ref(), entry.rule.Arguments); err != nil {
			entry.alone, entry.copy = true, nil
		}
	}
	return specializer
}

// emptyModule returns a module without rules. Bodies of v0 may use names that v1
// forbids, and each was checked where it stands.
func emptyModule(path string) *ast.Module {
	return ast.MustParseModuleWithOpts("package "+path, ast.ParserOptions{RegoVersion: ast.RegoV0})
}

// link compiles the files once more, together with copies of rules: those that
// specializing has made, and those of entries that other files add to, in a package
// each. Once references are resolved, a body means the same in any package.
func link(files []parsed, entries []*entry, shared []*ast.Rule) (compiler *ast.Compiler, err error) {
	defer func() {
		if p := recover(); p != nil { // OPA's compiler may not expect what a copy has become
			compiler, err = nil, fmt.Errorf("link rules: %v", p)
		}
	}()
	all := modules(files)
	all[specialize.Package] = emptyModule(specialize.Package)
	owners := make(map[string]*entry)
	for number, entry := range entries {
		if entry.own = nil; entry.rule.OwnFile && !entry.alone {
			name := fmt.Sprintf("reeve_own.e%d", number)
			all[name], owners[name] = emptyModule(name), entry
			entry.own = ast.MustParseRef("data." + name)
		}
	}
	guarded, _ := guardedBuiltins()
	allowed := capabilities(files)
	allowed.Builtins = append(allowed.Builtins, guarded...)
	compiler = newCompiler(allowed).WithStageAfterID(ast.StageResolveRefs, ast.CompilerStageDefinition{
		Name:       "CopyRules",
		MetricName: "compile_stage_copy_rules",
		Stage: func(compiler *ast.Compiler) *ast.Error {
			addRules(compiler.Modules[specialize.Package], shared)
			for _, name := range slices.Sorted(maps.Keys(owners)) {
				addOwn(compiler, compiler.Modules[name], owners[name])
			}
			return nil
		},
	})
	compiler.WithStageAfterID(ast.StageRewriteTemplateStrings, ast.CompilerStageDefinition{
		Name:       "GuardCalls",
		MetricName: "compile_stage_guard_calls",
		Stage: func(compiler *ast.Compiler) *ast.Error {
			guardCalls(compiler)
			return nil
		},
	})
	compiler.Compile(all)
	if compiler.Failed() {
		return nil, fmt.Errorf("link rules: %w", compiler.Errors)
	}
	return compiler, nil
}

// addRules adds rules to a module, which must be theirs alone.
func addRules(module *ast.Module, rules []*ast.Rule) {
	module.Rules = append(module.Rules, rules...)
	for _, r := range rules {
		for ; r != nil; r = r.Else {
			r.Module = module
		}
	}
}

// addOwn adds copies of the Rego rules of an entry that stand in its own file to a
// module, with what their METADATA says: rules may read it.
func addOwn(compiler *ast.Compiler, module *ast.Module, e *entry) {
	file := compiler.Modules[e.rule.File]
	if file == nil {
		return
	}
	name := ast.Ref{ast.VarTerm(e.name)}
	var own []*ast.Rule
	described := false
	for _, original := range file.Rules {
		if !original.Head.Ref().Equal(name) {
			continue
		}
		copied := original.Copy()
		copied.Annotations = nil
		own = append(own, copied)
		described = rule.Annotate(module, original, copied, described)
	}
	addPackageAnnotations(compiler, module, file.Package.Path)
	addRules(module, own)
}

// addPackageAnnotations adds what METADATA says of a package, and of those above it,
// to a module that stands for it.
func addPackageAnnotations(compiler *ast.Compiler, module *ast.Module, path ast.Ref) {
	for _, name := range slices.Sorted(maps.Keys(compiler.Modules)) {
		other := compiler.Modules[name]
		for _, annotations := range other.Annotations {
			same := annotations.Scope == "package" && path.Equal(other.Package.Path)
			if above := annotations.Scope == "subpackages" && path.HasPrefix(other.Package.Path); same || above {
				module.Annotations = append(module.Annotations, annotations.Copy(module.Package))
			}
		}
	}
}

// ready makes entries ready to be asked. Those of one name share what is compiled.
func (e *Engine) ready() error {
	rules := make(map[string]ast.Ref)
	queries := make(map[string]ast.Body)
	for _, entry := range e.entries {
		rules[entry.evaluated().String()] = entry.evaluated()
		original := entry.original().String()
		if queries[original] == nil {
			var err error
			if queries[original], err = compileQuery(e.compiler, entry.original()); err != nil {
				return err
			}
		}
		entry.query = queries[original]
	}
	asked := make([]ast.Ref, 0, len(rules))
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		asked = append(asked, rules[name])
	}
	var err error
	if e.program, err = interpreter.New(e.compiler, asked, e.guarded); err != nil {
		return fmt.Errorf("rules: %w", err)
	}
	for _, entry := range e.entries {
		entry.asked, entry.planned = e.program.Rule(entry.evaluated())
	}
	data, err := e.store.Read(context.Background(), e.txn, nil)
	if err != nil {
		return fmt.Errorf("data of rules: %w", err)
	}
	e.data = ast.NewTerm(data.(ast.Value))
	return nil
}

// resultVar is the variable that queries bind their result to.
const resultVar = ast.Var("result")

// compileQuery returns a query that binds what a rule is to a variable.
func compileQuery(compiler *ast.Compiler, ref ast.Ref) (ast.Body, error) {
	body := ast.NewBody(ast.Equality.Expr(ast.NewTerm(resultVar), ast.NewTerm(ref)))
	compiled, err := compiler.QueryCompiler().Compile(body)
	if err != nil {
		return nil, fmt.Errorf("compile query %s: %w", ref, err)
	}
	return compiled, nil
}
