package rule

import (
	"regexp"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// isolated is the package below which foreign modules live, each unit in a
// package of its own.
const isolated = "reeve_foreign"

// Unit is a part of the rule set in which package names mean something of their
// own: foreign rules use the same few names, as main, and must neither collide
// nor see each other.
type Unit struct {
	prefix ast.Ref
	within []ast.Ref          // packages and documents of the unit, as they are written
	beside map[string]ast.Ref // packages of other units that this one may use
}

// moved is what stands in the names of what was moved, and not in the files.
var moved = regexp.MustCompile(`\bdata\.` + isolated + `(\.\w+|\["[^"]*"\])`)

// AsWritten returns a text of the compiler's with the names that stand in the files.
func AsWritten(text string) string { return moved.ReplaceAllLiteralString(text, "data") }

// NewUnit returns an empty unit. The name must be its own, and make a good word
// in messages of the compiler.
func NewUnit(name string) *Unit {
	prefix := ast.DefaultRootRef.Append(ast.StringTerm(isolated)).Append(ast.StringTerm(name))
	return &Unit{prefix: prefix, beside: make(map[string]ast.Ref)}
}

// Add makes a module's package known to the unit. It must be called for all
// modules before the first is moved.
func (u *Unit) Add(module *ast.Module) { u.within = append(u.within, module.Package.Path) }

// AddDocument makes a document known to the unit, as written in data.path, and
// returns it as a File keeps it.
func (u *Unit) AddDocument(path ast.Ref, value ast.Value) DataDocument {
	u.within = append(u.within, path)
	return DataDocument{Path: u.move(path), Value: value}
}

// Use lets the modules of the unit see the packages of another one.
func (u *Unit) Use(other *Unit) {
	for _, path := range other.within {
		u.beside[path.String()] = other.prefix
	}
}

// Move returns a copy of a module with its package, and its references to
// packages and documents of the unit, moved below the unit's own package.
func (u *Unit) Move(module *ast.Module) *ast.Module {
	copied := module.Copy()
	copied.Package.Path = u.move(module.Package.Path)
	seen := make(map[*ast.Term]bool)
	WalkTerms(copied, func(term *ast.Term) bool {
		ref, ok := term.Value.(ast.Ref)
		if !ok || seen[term] {
			return false
		}
		seen[term] = true
		if prefix := u.prefixOf(ref); prefix != nil {
			term.Value = prefix.Concat(ref[1:])
		}
		return false
	})
	return copied
}

// Package returns where a package of the unit is after it was moved.
func (u *Unit) Package(path ast.Ref) ast.Ref { return u.move(path) }

func (u *Unit) move(path ast.Ref) ast.Ref { return u.prefix.Concat(path[1:]) }

// prefixOf returns what goes before a reference to data, or nil when it is none
// of the unit's. A reference to what contains a package is the unit's too.
func (u *Unit) prefixOf(ref ast.Ref) ast.Ref {
	if len(ref) < 2 || !ref.HasPrefix(ast.DefaultRootRef) {
		return nil
	}
	ground := ref.GroundPrefix()
	if len(ground) == 1 { // data[name]: all that the unit has
		return u.prefix
	}
	for _, path := range u.within {
		if leadsTo(ground, path) {
			return u.prefix
		}
	}
	for n := len(ground); n > 1; n-- {
		if prefix := u.beside[ground[:n].String()]; prefix != nil {
			return prefix
		}
	}
	return nil
}

// IsIsolated tells whether a reference leads to foreign modules or documents.
func IsIsolated(ref ast.Ref) bool {
	return ref.HasPrefix(ast.DefaultRootRef.Append(ast.StringTerm(isolated)))
}

// WithoutUses returns files without the rules that use the package of another
// file, as Gatekeeper's constraints do, and without the units they use: such rules
// are tested together with what uses them.
func WithoutUses(files []File) []File {
	var used []ast.Ref
	for _, file := range files {
		if file.uses() && IsIsolated(file.Rule.Package) {
			used = append(used, file.Rule.Package[:3]) // data, what is foreign, the unit
		}
	}
	return slices.DeleteFunc(slices.Clone(files), func(file File) bool {
		return file.uses() || file.Module != nil && slices.ContainsFunc(used, file.Module.Package.Path.HasPrefix)
	})
}
