package regotest

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/tester"

	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// maker makes runners of the tests in modules.
type maker struct {
	modules  map[string]*ast.Module
	trees    []source.Source
	store    storage.Store
	coverage *cover.Cover
	// lenient is true for the tests of other tools' rules: there, builtins that fail
	// are undefined, as in the engine. Others fail as Reeve's own rules do.
	lenient bool
}

// runner returns a runner of some tests.
func (m *maker) runner(tests []ast.Ref) *tester.Runner {
	return tester.NewRunner().
		SetCompiler(newCompiler()).
		SetModules(m.modules).
		SetStore(m.store).
		AddCustomBuiltins(configBuiltins(m.trees)).
		SetTimeout(timeout).
		RaiseBuiltinErrors(!m.lenient).
		SetPrefixMatchers(tests...)
}

func newCompiler() *ast.Compiler {
	capabilities := ast.CapabilitiesForThisVersion()
	capabilities.Builtins = slices.Concat(capabilities.Builtins, []*ast.Builtin{parseConfig, parseConfigFile})
	return ast.NewCompiler().SetErrorLimit(0).WithEnablePrintStatements(true).WithCapabilities(capabilities)
}

// ofOtherTools returns the names of the modules whose tests are about rules of other
// dialects than Reeve's own, of which some were taken as they are written.
func ofOtherTools(options Options, written []rule.File) map[string]bool {
	names := make(map[string]bool)
	for _, file := range written {
		names[asWritten+file.Name] = true
	}
	for _, file := range options.Files {
		names[file.Name] = file.Foreign
	}
	for _, test := range options.Tests {
		names[test.Name] = slices.ContainsFunc(written, func(file rule.File) bool { return means(test.Module, file.Module.Package.Path) })
	}
	return names
}
