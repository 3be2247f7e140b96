package regotest

import (
	"bytes"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// Suffix ends the names of test files.
const Suffix = "_test.rego"

// Load reads the test files of a source, which are those that the loader of
// rules passes over, and returns what is wrong with others.
func Load(from source.Source) ([]rule.File, []*rule.Problem) {
	var files []rule.File
	var problems []*rule.Problem
	_ = fs.WalkDir(from.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && entry != nil && entry.IsDir():
			return fs.SkipDir // the loader of rules names it
		case err != nil:
			return nil //nolint:nilerr // the loader of rules names it
		case entry.IsDir() && (entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), "..")):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path.Base(name), Suffix):
			return nil
		}
		file, problem := load(from, name)
		if problem != nil {
			problems = append(problems, problem)
			return nil
		}
		files = append(files, file)
		return nil
	})
	return files, problems
}

func load(from source.Source, name string) (rule.File, *rule.Problem) {
	file := filepath.Join(from.Name, filepath.FromSlash(name))
	info, err := fs.Stat(from.FS, name)
	if err != nil {
		return rule.File{}, &rule.Problem{File: file, Message: "cannot be read: " + err.Error()}
	}
	if !info.Mode().IsRegular() { // reading a pipe would wait for ever
		return rule.File{}, &rule.Problem{File: file, Message: "this is not a regular file; rename or remove it"}
	}
	content, err := fs.ReadFile(from.FS, name)
	if err != nil {
		return rule.File{}, &rule.Problem{File: file, Message: "cannot be read: " + err.Error()}
	}
	document := &rule.Document{Name: file, Content: bytes.TrimPrefix(content, []byte("\ufeff"))}
	if err := source.Parse(document); err != nil {
		problems := rule.ProblemsOf(asErrors(err))
		if len(problems) == 0 {
			return rule.File{}, &rule.Problem{File: file, Message: "the file is empty; write tests, or remove it"}
		}
		return rule.File{}, problems[0]
	}
	return rule.File{Name: file, Source: content, Module: document.Module}, nil
}

// asErrors returns the errors of OPA's parser, which returns another type when
// there is nothing to parse.
func asErrors(err error) ast.Errors {
	errs, _ := err.(ast.Errors) //nolint:errorlint // the parser wraps nothing
	return errs
}

// Names returns the names of a file's tests.
func Names(file rule.File) []string { return testNames(file.Module) }

func testNames(module *ast.Module) []string {
	var names []string
	for _, r := range module.Rules {
		ref := r.Head.Ref()
		name, ok := ref[0].Value.(ast.Var)
		if !ok || len(r.Head.Args) > 0 { // a function is no test, whatever its name
			continue
		}
		text := string(name)
		if strings.HasPrefix(text, "test_") || strings.HasPrefix(text, "todo_test_") {
			names = append(names, text)
		}
	}
	return names
}
