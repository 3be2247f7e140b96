// Package source finds rule files in directories and file systems and reads
// them into a rule set. A bad file is left out and reported; the others load.
package source

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kubereeve/reeve/internal/rule"
)

// Source is one tree of rule files.
type Source struct {
	// FS is the tree, read recursively.
	FS fs.FS
	// Name stands before the file names in messages: the directory, or
	// "builtin" for the rules inside the binary.
	Name string
	// Builtin marks the rules that come with Reeve.
	Builtin bool
	// Bundled marks archives and artifacts, which bring data for their rules along.
	Bundled bool
	// Trusted are rights of these rules that others have not; nil for none.
	Trusted *rule.Trusted
}

// file returns how people find a file of the source. References to registries are
// kept as they are written.
func (s Source) file(name string) string {
	if strings.Contains(s.Name, "://") {
		return s.Name + "/" + name
	}
	return filepath.Join(s.Name, filepath.FromSlash(name))
}

// holds tells whether a file, as file returns it, is one of the source, or the
// source as a whole.
func (s Source) holds(file string) bool {
	root := s.file(".")
	return file == s.Name || root == "." || file == root || strings.HasPrefix(file, strings.TrimSuffix(root, "/.")+"/")
}

// Directory returns the source of a directory.
func Directory(dir string) Source {
	return Source{FS: os.DirFS(dir), Name: dir}
}

// Load reads the rules of the sources, of every dialect, and returns the set of
// them together with what is wrong. Files named *_test.rego and directories named
// testdata are passed over. Rules of an earlier source win over later ones of the
// same id.
func Load(readers []rule.Reader, sources ...Source) (*rule.Set, []*rule.Problem) {
	var documents []*rule.Document
	var problems []*rule.Problem
	for _, source := range sources {
		found, wrong := gather(source)
		documents = append(documents, found...)
		problems = append(problems, wrong...)
	}
	var files []rule.File
	for _, reader := range readers {
		read, wrong := reader.Read(documents)
		files = append(files, read...)
		problems = append(problems, wrong...)
	}
	files, refused := sandbox(sources, documents, files)
	problems = append(problems, refused...)
	problems = append(problems, unclaimed(documents)...)
	problems = append(problems, without(sources, documents, problems)...)
	set, duplicates := rule.NewSet(files)
	problems = append(problems, duplicates...)
	rule.SortProblems(problems)
	return set, problems
}

// unclaimed returns a problem for every module that no dialect knows.
func unclaimed(documents []*rule.Document) []*rule.Problem {
	var problems []*rule.Problem
	for _, document := range documents {
		if document.Claimed || document.Used || document.Module == nil {
			continue
		}
		if document.Err != nil {
			problems = append(problems, rule.ProblemsIn(document.Name, document.Err)...)
			continue
		}
		problems = append(problems, &rule.Problem{File: document.Name, Line: document.Module.Package.Location.Row,
			Message: fmt.Sprintf("%s is not a rule Reeve knows, and no rule beside it imports it; name the package reeve.<category>.<rule>, add METADATA with custom.reeve, or define deny, warn or violation", document.Module.Package)})
	}
	return problems
}

// without returns a problem for every source in which no rule was found, and
// nothing wrong either: most likely another directory was meant.
func without(sources []Source, documents []*rule.Document, problems []*rule.Problem) []*rule.Problem {
	var empty []*rule.Problem
	for _, source := range sources {
		claimed := slices.ContainsFunc(documents, func(d *rule.Document) bool { return d.Tree == source.Name && (d.Claimed || d.Used) })
		wrong := slices.ContainsFunc(problems, func(p *rule.Problem) bool { return source.holds(p.File) })
		if !claimed && !wrong {
			empty = append(empty, &rule.Problem{File: source.Name, Message: "there is no rule here, neither a .rego file nor another; name what holds the rules"})
		}
	}
	return empty
}
