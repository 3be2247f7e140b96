package engine

import "github.com/open-policy-agent/opa/v1/ast"

// compiled is a set of modules after compilation.
type compiled struct {
	compiler *ast.Compiler
	// resolved holds, for each compiled Rego rule, how it was written, with its
	// references resolved: before the compiler has taken its expressions apart.
	resolved map[*ast.Rule]*ast.Rule
}

// modules returns the modules with their rules as they were written.
func (c *compiled) modules() map[string]*ast.Module {
	modules := make(map[string]*ast.Module, len(c.compiler.Modules))
	for name, module := range c.compiler.Modules {
		written := &ast.Module{Package: module.Package, Rules: make([]*ast.Rule, len(module.Rules))}
		for i, rule := range module.Rules {
			written.Rules[i] = c.resolved[rule]
		}
		modules[name] = written
	}
	return modules
}

func compile(modules map[string]*ast.Module, capabilities *ast.Capabilities) *compiled {
	written := make(map[string][]*ast.Rule)
	compiler := newCompiler(capabilities).WithStageAfterID(ast.StageResolveRefs, ast.CompilerStageDefinition{
		Name:       "KeepRules",
		MetricName: "compile_stage_keep_rules",
		Stage: func(compiler *ast.Compiler) *ast.Error {
			for name, module := range compiler.Modules {
				for _, rule := range module.Rules {
					written[name] = append(written[name], rule.Copy())
				}
			}
			return nil
		},
	})
	compiler.Compile(modules)
	result := &compiled{compiler: compiler, resolved: make(map[*ast.Rule]*ast.Rule)}
	if compiler.Failed() { // perhaps before there was anything to keep
		return result
	}
	for name, module := range compiler.Modules {
		for i, rule := range module.Rules {
			result.resolved[rule] = written[name][i]
		}
	}
	return result
}

func newCompiler(capabilities *ast.Capabilities) *ast.Compiler {
	return ast.NewCompiler().WithCapabilities(capabilities).SetErrorLimit(0)
}
