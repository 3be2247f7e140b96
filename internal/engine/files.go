package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
)

// parsed is a file beside its module as the engine runs it.
type parsed struct {
	rule.File
	rewritten *ast.Module // nil for a rule in the package of another file
}

// compileSet compiles all files of a set together. Files that do not compile
// are left out one after the other and returned as problems, until the rest
// compiles.
func compileSet(set *rule.Set) (*compiled, []parsed, []*rule.Problem, error) {
	var problems []*rule.Problem
	var files []parsed
	for _, file := range set.Files() {
		module, err := rewrite(file)
		if err != nil {
			problems = append(problems, &rule.Problem{File: file.Name, Message: err.Error()})
			continue
		}
		files = append(files, parsed{file, module})
	}
	missing := make(map[string]string) // files that are left out, by their packages
	for {
		result := compile(modules(files), capabilities(files))
		if !result.compiler.Failed() {
			rule.SortProblems(problems)
			return result, files, problems, nil
		}
		bad := rule.ProblemsOf(result.compiler.Errors)
		blame(bad, missing)
		before := len(files)
		files = slices.DeleteFunc(files, func(file parsed) bool {
			isBad := file.rewritten != nil && slices.ContainsFunc(bad, func(p *rule.Problem) bool { return p.File == file.Name || p.File == writtenIn(file) })
			if isBad {
				missing[rule.AsWritten(file.rewritten.Package.Path.String())] = file.Name
			}
			return isBad
		})
		if len(files) == before {
			return nil, nil, nil, fmt.Errorf("compile rules: %w", result.compiler.Errors)
		}
		problems = append(problems, bad...)
	}
}

// undefinedFunction is what the compiler says of a function that is in no file.
const undefinedFunction = "undefined function "

// blame adds to what is wrong with files the ones that were left out before, where it
// follows from that.
func blame(bad []*rule.Problem, missing map[string]string) {
	for _, problem := range bad {
		_, function, found := strings.Cut(problem.Message, undefinedFunction)
		if dot := strings.LastIndex(function, "."); found && dot > 0 && missing[function[:dot]] != "" {
			problem.Message += fmt.Sprintf("; %s is left out: mend that first", missing[function[:dot]])
		}
	}
}

// writtenIn returns the file that a module was parsed from, of which dialects may make
// several.
func writtenIn(file parsed) string {
	if location := file.rewritten.Package.Location; location != nil {
		return location.File
	}
	return ""
}

// withPackages leaves out the rules whose package no remaining file defines.
func withPackages(files []parsed) ([]parsed, []*rule.Problem) {
	defined := make(map[string]bool)
	for _, file := range files {
		if file.rewritten != nil {
			defined[file.rewritten.Package.Path.String()] = true
		}
	}
	var problems []*rule.Problem
	files = slices.DeleteFunc(files, func(file parsed) bool {
		if file.Rule == nil || defined[file.Rule.Package.String()] {
			return false
		}
		problems = append(problems, &rule.Problem{File: file.Name,
			Message: fmt.Sprintf("the rule %s cannot be judged, as the file with its Rego was left out", file.Rule.ID)})
		return true
	})
	return files, problems
}

// modules returns the modules of files by name. A file that one dialect reads as a
// rule and another as a library is there twice, the rule by its own name.
func modules(files []parsed) map[string]*ast.Module {
	modules := make(map[string]*ast.Module, len(files))
	for _, rules := range []bool{true, false} {
		for _, file := range files {
			if file.rewritten == nil || (file.Rule != nil) != rules {
				continue
			}
			name := file.Name
			for n := 2; modules[name] != nil; n++ {
				name = fmt.Sprintf("%s (%d)", file.Name, n)
			}
			modules[name] = file.rewritten
		}
	}
	return modules
}
