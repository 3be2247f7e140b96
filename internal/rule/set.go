package rule

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// File is one parsed file: a rule, or a library that rules import.
type File struct {
	Name   string
	Source []byte
	// Module is the file's Rego; nil for a rule that uses the package of another
	// file, as a constraint uses its template, and for documents alone.
	Module *ast.Module
	Rule   *Rule // nil for a library
	// Apart is true for a file that serves the program that loads it and not its
	// users: it is not part of the set's revision.
	Apart bool
	// Foreign is true for modules of other dialects than the native one.
	Foreign bool
	// Documents are data that the modules read, by where they read it.
	Documents []DataDocument
	// Trusted are rights of the file beyond those of others; nil for none.
	Trusted *Trusted
}

// DataDocument is data that comes with rules.
type DataDocument struct {
	Path  ast.Ref
	Value ast.Value
}

// uses tells whether the file is a rule that uses the package of another one.
func (f File) uses() bool { return f.Module == nil && f.Rule != nil }

// line returns the line of the file's package, 0 where it has none.
func (f File) line() int {
	if f.Module == nil {
		return 0
	}
	return f.Module.Package.Location.Row
}

// Set is the immutable set of all loaded rules and their libraries.
type Set struct {
	files    []File
	rules    []*Rule
	revision string
}

// NewSet returns the set of the given files, ordered by rule id. A rule whose
// id is taken by a file before it in the list is left out and returned as a
// problem.
func NewSet(files []File) (*Set, []*Problem) {
	set := &Set{}
	var problems []*Problem
	byID := make(map[string]*Rule)
	hash := sha256.New()
	for _, file := range files {
		if r := file.Rule; r != nil {
			if other, taken := byID[r.ID]; taken {
				problems = append(problems, &Problem{File: file.Name, Line: file.line(),
					Message: fmt.Sprintf("the rule id %s is taken by %s; rename the package", r.ID, other.File)})
				continue
			}
			byID[r.ID] = r
			set.rules = append(set.rules, r)
		}
		set.files = append(set.files, file)
		if file.Apart {
			continue
		}
		_, _ = fmt.Fprintf(hash, "%s\x00%d\x00", file.Name, len(file.Source)) // a hash never fails
		hash.Write(file.Source)
		if r := file.Rule; r != nil { // other files may say some of it: controls, or what is kept in the inventory
			_, _ = fmt.Fprintf(hash, "%q %q %q %q %s %s %v %v %q\x00", r.ID, r.Title, r.Description, r.Remediation, r.Severity, r.Mode, r.Kinds, r.Inventory, r.Controls)
		}
		if file.Trusted != nil {
			_, _ = fmt.Fprintf(hash, "%q\x00", *file.Trusted)
		}
		for _, document := range file.Documents {
			_, _ = fmt.Fprintf(hash, "%s=%s\x00", document.Path, document.Value)
		}
	}
	slices.SortFunc(set.rules, func(a, b *Rule) int { return cmp.Compare(a.ID, b.ID) })
	set.revision = hex.EncodeToString(hash.Sum(nil))[:12]
	return set, problems
}

// Rules returns the rules ordered by id. The caller must not change the slice.
func (s *Set) Rules() []*Rule { return s.rules }

// Files returns the files of rules and libraries in the order they were
// loaded. The caller must not change the slice.
func (s *Set) Files() []File { return s.files }

// Revision identifies the set's content: equal revisions mean equal rules.
func (s *Set) Revision() string { return s.revision }

// Rule returns the rule of an id, or nil.
func (s *Set) Rule(id string) *Rule {
	i, found := slices.BinarySearchFunc(s.rules, id, func(r *Rule, id string) int { return cmp.Compare(r.ID, id) })
	if !found {
		return nil
	}
	return s.rules[i]
}

// With returns the set with more files. A rule among them whose id is taken is
// left out.
func (s *Set) With(files ...File) *Set {
	set, _ := NewSet(slices.Concat(s.files, files))
	return set
}

// Listed returns the set without the files that stand apart.
func (s *Set) Listed() *Set {
	set, _ := NewSet(slices.DeleteFunc(slices.Clone(s.files), func(file File) bool { return file.Apart })) // ids were unique before
	return set
}

// Filter returns the set of those rules that keep accepts, with all libraries.
func (s *Set) Filter(keep func(*Rule) bool) *Set {
	var files []File
	for _, file := range s.files {
		if file.Rule == nil || keep(file.Rule) {
			files = append(files, file)
		}
	}
	filtered, _ := NewSet(files) // ids were unique before
	return filtered
}

// Kinds returns every kind to look for that some rule judges, sorted. For a rule
// on any kind these are the ordinary ones: reading everything, Secrets among it,
// takes more rights than a rule may ask for by an asterisk.
func (s *Set) Kinds() []schema.GroupKind {
	kinds := make(map[schema.GroupKind]bool)
	for _, r := range s.rules {
		for _, pattern := range r.Kinds {
			for _, kind := range Expand(pattern) {
				kinds[kind] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(kinds), compareKinds)
}

// Patterns returns the kinds that rules name, with those that have an asterisk,
// so that for every kind there is one that stands for all rules on it: the kind
// itself, else the kind in any group, else its group, else any, in the order of
// Closest.
func (s *Set) Patterns() []schema.GroupKind {
	patterns := make(map[schema.GroupKind]bool)
	for _, r := range s.rules {
		for _, kind := range r.Kinds {
			patterns[kind] = true
		}
	}
	for byGroup := range maps.Clone(patterns) {
		for byKind := range maps.Clone(patterns) {
			if byGroup.Kind == Any && byGroup.Group != Any && byKind.Group == Any && byKind.Kind != Any {
				patterns[schema.GroupKind{Group: byGroup.Group, Kind: byKind.Kind}] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(patterns), compareKinds)
}

// Needs returns every kind that some rule reads through data.inventory, sorted.
// A kind that one rule needs whole is not a sample, and one that a rule cannot do
// without is not optional.
func (s *Set) Needs() []Need {
	byKind := make(map[schema.GroupKind]Need)
	for _, r := range s.rules {
		for _, need := range r.Inventory {
			if before, known := byKind[need.Kind]; known {
				need.Sample = need.Sample && before.Sample
				need.Optional = need.Optional && before.Optional
			}
			byKind[need.Kind] = need
		}
	}
	var needs []Need //nolint:prealloc // nil when nothing is needed
	for _, kind := range slices.SortedFunc(maps.Keys(byKind), compareKinds) {
		needs = append(needs, byKind[kind])
	}
	return needs
}
