package source

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
)

// maxFileSize bounds one rule file; larger ones are left out.
const maxFileSize = 8 << 20

// dataExtensions are the files beside Rego that some dialects read.
var dataExtensions = []string{".yaml", ".yml", ".json"}

// gather reads the files of one source.
func gather(source Source) ([]*rule.Document, []*rule.Problem) {
	g := &gatherer{source: source}
	if err := fs.WalkDir(source.FS, ".", g.visit); err != nil {
		g.report(".", err) // visit itself never fails
	}
	return g.documents, g.problems
}

// Modules returns the modules of a source as they are written, without tests and
// what cannot be read.
func Modules(source Source) []rule.File {
	documents, _ := gather(source) // Load says what is wrong
	var files []rule.File
	for _, document := range documents {
		if document.Module != nil {
			files = append(files, rule.File{Name: document.Name, Source: document.Content, Module: document.Module})
		}
	}
	return files
}

// gatherer reads the files of one source.
type gatherer struct {
	source    Source
	mounted   bool // behind a link to a directory of a mounted ConfigMap
	documents []*rule.Document
	problems  []*rule.Problem
}

// visit is the fs.WalkDirFunc that reads one entry. What cannot be read is
// reported and the walk goes on.
func (g *gatherer) visit(name string, entry fs.DirEntry, err error) error {
	if err != nil {
		g.report(name, err)
		if entry != nil && entry.IsDir() {
			return fs.SkipDir
		}
		return nil
	}
	if entry.IsDir() {
		if entry.Name() == "testdata" || Hidden(entry.Name()) {
			return fs.SkipDir
		}
		return nil
	}
	if entry.Type()&fs.ModeSymlink != 0 && g.leadsToMounted(name) {
		g.mounted = true
		defer func() { g.mounted = false }()
		return fs.WalkDir(g.source.FS, name, g.visit)
	}
	if !IsRead(name) || strings.HasSuffix(name, "_test.rego") {
		return nil
	}
	if err := g.read(name); err != nil {
		g.report(name, err)
	}
	return nil
}

// leadsToMounted tells whether a link leads to a directory of a mounted ConfigMap.
// There are none behind such a link, which could lead in circles.
func (g *gatherer) leadsToMounted(name string) bool {
	target, err := fs.ReadLink(g.source.FS, name)
	if err != nil || g.mounted || !IsMounted(target) {
		return false
	}
	info, err := fs.Stat(g.source.FS, name)
	return err == nil && info.IsDir()
}

// Hidden tells whether a directory holds nothing to read: Git's own data, and the
// versions of a mounted ConfigMap, as in ..2026_01_31_12_00_00.123, to which links
// beside it lead.
func Hidden(directory string) bool {
	return directory == ".git" || strings.HasPrefix(directory, "..")
}

// IsMounted tells whether a link to this target is the kubelet's: it makes one for
// each file, and each directory, of the version of the moment.
func IsMounted(target string) bool { return strings.HasPrefix(target, "..data/") }

// IsRead tells whether a file may be a rule or its data by its name. Those that
// Emacs locks files with, and in which macOS keeps what its archives have no place
// for, only look so.
func IsRead(name string) bool {
	base := path.Base(name)
	if strings.HasPrefix(base, ".#") || strings.HasPrefix(base, "._") {
		return false
	}
	return path.Ext(base) == ".rego" || slices.Contains(dataExtensions, path.Ext(base))
}

// byteOrderMark is what some editors put first in a file. The parser would not
// see the METADATA behind it.
var byteOrderMark = []byte("\ufeff")

// isWide tells whether a text begins as UTF-16 does.
func isWide(content []byte) bool {
	return bytes.HasPrefix(content, []byte("\xff\xfe")) || bytes.HasPrefix(content, []byte("\xfe\xff"))
}

func (g *gatherer) read(name string) error {
	info, err := fs.Stat(g.source.FS, name)
	if err != nil {
		return err
	}
	isRego := path.Ext(name) == ".rego"
	switch {
	case info.Mode().IsRegular() && info.Size() <= maxFileSize:
	case !isRego:
		return nil // not known to be a rule at all
	case !info.Mode().IsRegular(): // reading a pipe would wait for ever
		return errors.New("this is not a regular file; rename or remove it")
	default:
		return fmt.Errorf("the file has %d bytes; at most %d are read", info.Size(), maxFileSize)
	}
	content, err := fs.ReadFile(g.source.FS, name)
	if err != nil {
		return err
	}
	if isWide(content) {
		return errors.New("the file is UTF-16, as PowerShell writes it; save it as UTF-8")
	}
	document := &rule.Document{
		Name:    g.source.file(name),
		Tree:    g.source.Name,
		Path:    name,
		Content: bytes.TrimPrefix(content, byteOrderMark),
		Builtin: g.source.Builtin,
		Bundled: g.source.Bundled,
	}
	if isRego {
		if err := Parse(document); err != nil {
			return err
		}
	}
	g.documents = append(g.documents, document)
	return nil
}

// modernOnly is what v1 forbids in text that it can parse.
var modernOnly = ast.RegoCheckOptions{NoDuplicateImports: true, NoRootDocumentOverrides: true, NoDeprecatedBuiltins: true}

// Parse parses a document's Rego: as v1, else as v0, in which older rules are
// written. A METADATA block that is none of ours may be anything: where it is what
// is wrong, the module is read without, and the document remembers why. It fails
// when the text is neither, or what it says would keep the compiler busy for long.
func Parse(document *rule.Document) error {
	if problem := rule.CheckNumbers(document.Name, document.Content); problem != nil {
		return problem
	}
	if err := parse(document); err != nil || document.Builtin {
		return err
	}
	if problem := rule.CheckBounds(document.Name, document.Module); problem != nil {
		document.Module = nil
		return problem
	}
	return nil
}

func parse(document *rule.Document) error {
	modern, err := parseAs(document, ast.RegoV1, true)
	if err == nil {
		document.Module = modern
		if forbidden := ast.CheckRegoV1WithOptions(modern, modernOnly); len(forbidden) > 0 && !document.Builtin {
			if old, err := parseAs(document, ast.RegoV0, true); err == nil {
				document.Module = old
			}
		}
		return nil
	}
	if _, empty := errors.AsType[*ast.Error](err); empty { // all other errors are ast.Errors
		return errors.New("the file is empty; write a package and a rule, or remove it")
	}
	if document.Builtin {
		return err
	}
	var old error
	if document.Module, old = parseAs(document, ast.RegoV0, true); old == nil {
		return nil
	}
	for _, version := range []ast.RegoVersion{ast.RegoV0, ast.RegoV1} {
		if document.Module, old = parseAs(document, version, false); old == nil {
			document.Err = err
			return nil
		}
	}
	if _, old = parseAs(document, ast.RegoV0, false); firstLine(old) > firstLine(err) {
		return old // it got further, so that is what the file is meant to be
	}
	return err
}

func parseAs(document *rule.Document, version ast.RegoVersion, annotated bool) (*ast.Module, error) {
	return ast.ParseModuleWithOpts(document.Name, string(document.Content), ast.ParserOptions{ProcessAnnotation: annotated, RegoVersion: version})
}

// firstLine returns the line of the first error, 0 where it has none.
func firstLine(err error) int {
	errs, _ := errors.AsType[ast.Errors](err)
	if len(errs) == 0 || errs[0].Location == nil {
		return 0
	}
	return errs[0].Location.Row
}

// report turns any error about a file into problems with file and line.
func (g *gatherer) report(name string, err error) {
	file := g.source.file(name)
	g.problems = append(g.problems, rule.ProblemsIn(file, err)...)
}
