// Package source finds rule files in directories and file systems and reads
// them into a rule set. A bad file is left out and reported; the others load.
package source

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
)

// maxFileSize bounds one rule file; larger ones are left out.
const maxFileSize = 8 << 20

// Source is one tree of rule files.
type Source struct {
	// FS is the tree, read recursively.
	FS fs.FS
	// Name stands before the file names in messages: the directory, or
	// "builtin" for the rules inside the binary.
	Name string
	// Builtin marks the rules that come with Reeve.
	Builtin bool
}

// Directory returns the source of a directory.
func Directory(dir string) Source {
	return Source{FS: os.DirFS(dir), Name: dir}
}

// Load reads every .rego file of the sources and returns the set of their rules
// together with what is wrong. Files named *_test.rego and directories named
// testdata are passed over. Rules of an earlier source win over later ones of
// the same id.
func Load(dialects []rule.Dialect, sources ...Source) (*rule.Set, []*rule.Problem) {
	var files []rule.File
	var problems []*rule.Problem
	for _, source := range sources {
		loader := &loader{source: source, dialects: dialects}
		if err := fs.WalkDir(source.FS, ".", loader.visit); err != nil {
			loader.report(".", err) // visit itself never fails
		}
		if loader.seen == 0 && len(loader.problems) == 0 {
			loader.problems = append(loader.problems, &rule.Problem{File: source.Name, Message: "no .rego file in this directory; name the directory that holds the rules"})
		}
		files = append(files, loader.files...)
		problems = append(problems, loader.problems...)
	}
	set, duplicates := rule.NewSet(files)
	problems = append(problems, duplicates...)
	rule.SortProblems(problems)
	return set, problems
}

// loader reads one source.
type loader struct {
	source   Source
	dialects []rule.Dialect
	seen     int // .rego files, good or bad
	files    []rule.File
	problems []*rule.Problem
}

// visit is the fs.WalkDirFunc that reads one entry. What cannot be read is
// reported and the walk goes on.
func (l *loader) visit(name string, entry fs.DirEntry, err error) error {
	if err != nil {
		l.report(name, err)
		if entry != nil && entry.IsDir() {
			return fs.SkipDir
		}
		return nil
	}
	if entry.IsDir() {
		if entry.Name() == "testdata" || isVersion(entry.Name()) {
			return fs.SkipDir
		}
		return nil
	}
	if path.Ext(name) != ".rego" || strings.HasSuffix(name, "_test.rego") {
		return nil
	}
	l.seen++
	if err := l.read(name); err != nil {
		l.report(name, err)
	}
	return nil
}

// isVersion tells whether a directory is one version of a mounted ConfigMap,
// as in ..2026_01_31_12_00_00.123: links beside it lead to its files, which
// would be read twice.
func isVersion(directory string) bool {
	return strings.HasPrefix(directory, "..")
}

// byteOrderMark is what some editors put first in a file. The parser would not
// see the METADATA behind it.
var byteOrderMark = []byte("\ufeff")

func (l *loader) read(name string) error {
	info, err := fs.Stat(l.source.FS, name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() { // reading a pipe would wait for ever
		return errors.New("this is not a regular file; rename or remove it")
	}
	if info.Size() > maxFileSize {
		return fmt.Errorf("the file has %d bytes; at most %d are read", info.Size(), maxFileSize)
	}
	content, err := fs.ReadFile(l.source.FS, name)
	if err != nil {
		return err
	}
	content = bytes.TrimPrefix(content, byteOrderMark)
	file := filepath.Join(l.source.Name, filepath.FromSlash(name))
	module, err := ast.ParseModuleWithOpts(file, string(content), ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1})
	if _, empty := errors.AsType[*ast.Error](err); empty { // all other errors are ast.Errors
		return errors.New("the file is empty; write a package and a rule, or remove it")
	}
	if err != nil {
		return err
	}
	r, err := l.rule(file, module)
	if err != nil {
		return err
	}
	l.files = append(l.files, rule.File{Name: file, Source: content, Module: module, Rule: r})
	return nil
}

// rule reads a module in the first dialect that recognizes it.
func (l *loader) rule(file string, module *ast.Module) (*rule.Rule, error) {
	for _, dialect := range l.dialects {
		if !dialect.Recognize(module) {
			continue
		}
		r, err := dialect.Rule(file, module)
		if r != nil {
			r.Builtin = l.source.Builtin
		}
		return r, err
	}
	return nil, &rule.Problem{File: file, Line: module.Package.Location.Row,
		Message: fmt.Sprintf("%s is not a rule Reeve knows; name the package reeve.<category>.<rule>, or add METADATA with custom.reeve", module.Package)}
}

// report turns any error about a file into problems with file and line.
func (l *loader) report(name string, err error) {
	file := filepath.Join(l.source.Name, filepath.FromSlash(name))
	if problem, ok := errors.AsType[*rule.Problem](err); ok {
		l.problems = append(l.problems, problem)
		return
	}
	if parseErrors, ok := errors.AsType[ast.Errors](err); ok {
		l.problems = append(l.problems, rule.ProblemsOf(parseErrors)...)
		return
	}
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathError.Err // the path stands in front already
	}
	l.problems = append(l.problems, &rule.Problem{File: file, Message: err.Error()})
}
