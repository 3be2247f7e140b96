package engine

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/engine/specialize"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
)

// entry is one entry point of one rule. Linked results carry its number.
type entry struct {
	rule  *rule.Rule
	name  string
	mode  finding.Mode
	alone bool
	reach reach
	query ast.Body // this entry point alone
	slow  meter    // since it did not end in time
	joint *member  // how it is evaluated together with others, where it has arguments
}

// linkedAlone tells whether evaluating the entry by itself takes a link of its
// own: other files add to what its name means.
func (e *entry) linkedAlone() bool { return e.rule.OwnFile && !e.alone }

// ref returns the entry point's full name, as in data.reeve.x.y.violation.
func (e *entry) ref() ast.Ref { return e.rule.Package.Append(ast.StringTerm(e.name)) }

// link is a Rego package of the engine's own that gathers the bodies of several
// entry points in one partial set, so that a single query evaluates them all:
//
//	package reeve_linked.p0
//	f contains [7, <what entry 7 finds>] if { <body of entry 7> }
//
// Copying the bodies costs less than half of referring to the rules.
type link struct {
	name    string
	entries []int
	query   ast.Body
	meter   meter
}

const linkedSet = "f"

// emptyModule returns a module without rules. Bodies of v0 may use names that v1
// forbids, and each was checked where it stands.
func emptyModule(path string) *ast.Module {
	return ast.MustParseModuleWithOpts("package "+path, ast.ParserOptions{RegoVersion: ast.RegoV0})
}

// compileLinks compiles the files once more, together with the links and what they
// share, and fills in the queries of links and entries.
func compileLinks(files []parsed, entries []*entry, links []*link, shared []*ast.Rule) (*ast.Compiler, error) {
	all := modules(files)
	all[specialize.Package] = emptyModule(specialize.Package)
	links = slices.Clone(links)
	single := make(map[int]*link)
	for number, entry := range entries {
		if entry.linkedAlone() {
			single[number] = &link{name: fmt.Sprintf("e%d", number), entries: []int{number}}
			links = append(links, single[number])
		}
	}
	for _, link := range links {
		all[link.name] = emptyModule("reeve_linked." + link.name)
	}
	// Once references are resolved, a body means the same in any package.
	guarded, _ := guardedBuiltins()
	allowed := capabilities(files)
	allowed.Builtins = append(allowed.Builtins, guarded...)
	compiler := newCompiler(allowed).WithStageAfterID(ast.StageResolveRefs, ast.CompilerStageDefinition{
		Name:       "LinkRules",
		MetricName: "compile_stage_link_rules",
		Stage: func(compiler *ast.Compiler) *ast.Error {
			packages := filesByPackage(compiler)
			addRules(compiler.Modules[specialize.Package], shared)
			for _, link := range links {
				module := compiler.Modules[link.name]
				for _, number := range link.entries {
					addRules(module, linkedRules(compiler, packages, entries[number], number))
				}
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
	for _, link := range links {
		body, err := compileQuery(compiler, resultVar, ast.MustParseRef("data.reeve_linked."+link.name+"."+linkedSet))
		if err != nil {
			return nil, err
		}
		link.query = body
	}
	if err := compileJoint(compiler, entries); err != nil {
		return nil, err
	}
	return compiler, compileEntries(compiler, entries, single)
}

// compileEntries fills in the queries of entries. Those of one package share
// theirs.
func compileEntries(compiler *ast.Compiler, entries []*entry, single map[int]*link) error {
	queries := make(map[string]ast.Body)
	for number, entry := range entries {
		if link := single[number]; link != nil {
			entry.query = link.query
			continue
		}
		name := entry.ref().String()
		if queries[name] == nil {
			body, err := compileQuery(compiler, resultVar, entry.ref())
			if err != nil {
				return err
			}
			queries[name] = body
		}
		entry.query = queries[name]
	}
	return nil
}

// resultVar is the variable that queries bind their result to.
const resultVar = ast.Var("result")

// compileQuery returns a query that binds what a reference is to a variable.
func compileQuery(compiler *ast.Compiler, variable ast.Var, ref ast.Ref) (ast.Body, error) {
	body := ast.NewBody(ast.Equality.Expr(ast.NewTerm(variable), ast.NewTerm(ref)))
	compiled, err := compiler.QueryCompiler().Compile(body)
	if err != nil {
		return nil, fmt.Errorf("compile query %s: %w", ref, err)
	}
	return compiled, nil
}

// addRules adds rules to a module, which must be theirs alone.
func addRules(module *ast.Module, rules []*ast.Rule) {
	module.Rules = append(module.Rules, rules...)
	for _, rule := range rules {
		for ; rule != nil; rule = rule.Else {
			rule.Module = module
		}
	}
}

// linkedRules returns copies of the Rego rules of one entry point that put its
// findings, numbered, into a link's set. Dialects admit only partial sets.
func linkedRules(compiler *ast.Compiler, packages map[string][]string, e *entry, number int) []*ast.Rule {
	originals := definitions(compiler, packages, e)
	linked := make([]*ast.Rule, 0, len(originals))
	for _, original := range originals {
		rule := original.Copy()
		key := rule.Head.Key
		// A term of its own: the compiler writes to terms, and interned ones are
		// read by engines that are at work.
		of := ast.NewTerm(ast.Number(strconv.Itoa(number)))
		rule.Head = ast.NewHead(ast.Var(linkedSet), ast.ArrayTerm(of, key))
		rule.Head.Location = key.Location
		rule.Annotations = nil
		linked = append(linked, rule)
	}
	return linked
}

// filesByPackage returns the sorted names of the files of each package.
func filesByPackage(compiler *ast.Compiler) map[string][]string {
	packages := make(map[string][]string, len(compiler.Modules))
	for _, file := range slices.Sorted(maps.Keys(compiler.Modules)) {
		path := compiler.Modules[file].Package.Path.String()
		packages[path] = append(packages[path], file)
	}
	return packages
}

// definitions returns the Rego rules that define an entry point; a package may
// stand in several files.
func definitions(compiler *ast.Compiler, packages map[string][]string, e *entry) []*ast.Rule {
	var found []*ast.Rule
	name := ast.Ref{ast.VarTerm(e.name)}
	for _, file := range packages[e.rule.Package.String()] {
		if e.rule.OwnFile && file != e.rule.File {
			continue
		}
		for _, rule := range compiler.Modules[file].Rules {
			if rule.Head.Ref().Equal(name) {
				found = append(found, rule)
			}
		}
	}
	return found
}
