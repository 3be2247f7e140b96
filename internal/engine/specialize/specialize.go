// Package specialize copies the Rego of rules that are many uses of one package, as
// the constraints of a template are, so that one evaluation serves them all: each
// copy has its use's arguments in the place of input.parameters, and what then
// reads the same, in one template or in several, is one Rego rule that is
// evaluated once. Templates have much in common: the set of all containers, and
// whether an image is exempt.
package specialize

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Package is the package of all copies.
const Package = "reeve_shared"

// Copy is a copy of what defines an entry point.
type Copy struct {
	// Ref is the full path of the copy.
	Ref ast.Ref
	// Files are the names that errors of the compiler give as the files of the copy and
	// of what it refers to.
	Files map[string]bool
}

// Specializer makes copies. It is not safe for concurrent use.
type Specializer struct {
	groups  []*group        // of the shared package, in the order they were made
	kept    map[*group]bool // those that entries refer to, directly or not
	values  *constants
	defined map[string][]*ast.Rule // by full path
	within  map[string]bool        // the paths of packages, and of what contains them
	shared  map[string][]*group    // by their text, under the name of the original
	named   map[string]int         // how many there are, by that name
	copied  map[use]*group
	refused map[use]error
}

// New returns a specializer of modules by file name, whose references have been
// resolved, and nothing after that. Their locals still have the names they are
// written with, so that equal texts are found to be equal.
func New(modules map[string]*ast.Module) *Specializer {
	s := &Specializer{values: newConstants(), defined: make(map[string][]*ast.Rule), within: make(map[string]bool),
		kept: make(map[*group]bool), shared: make(map[string][]*group), named: make(map[string]int), copied: make(map[use]*group), refused: make(map[use]error)}
	for _, file := range slices.Sorted(maps.Keys(modules)) {
		path := modules[file].Package.Path
		for n := 1; n <= len(path); n++ {
			s.within[path[:n].String()] = true
		}
		for _, rule := range modules[file].Rules {
			name := path.Append(ast.StringTerm(nameOf(rule))).String()
			s.defined[name] = append(s.defined[name], rule)
		}
	}
	return s
}

// Entry makes a copy of what defines an entry point, given by its full path, with
// arguments in the place of input.parameters. It fails where a copy might find
// something else than the original.
func (s *Specializer) Entry(path ast.Ref, arguments *ast.Term) (*Copy, error) {
	made, err := s.share(use{path.String(), arguments, 0})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	files := make(map[string]bool)
	s.keep(made, files)
	return &Copy{Ref: made.ref(), Files: files}, nil
}

// keep keeps a group and what it refers to, and adds the names of their files. Other
// groups were made for what could not be copied as a whole, or says the same as an
// earlier one.
func (s *Specializer) keep(g *group, files map[string]bool) {
	if files[g.location.File] { // each has a name of its own
		return
	}
	files[g.location.File], s.kept[g] = true, true
	for _, used := range g.uses {
		s.keep(used, files)
	}
}

// Rules returns the rules of the package Package: the copies and what they refer to.
// Their references are resolved as well.
func (s *Specializer) Rules() []*ast.Rule {
	var rules []*ast.Rule
	for _, g := range s.groups {
		if s.kept[g] {
			rules = append(rules, g.rules...)
		}
	}
	return rules
}

// Constants returns the value that the copies see as input, below ConstantsField.
func (s *Specializer) Constants() *ast.Term { return s.values.term() }

// copy returns copies of all Rego rules of a use, as a group without a name.
func (s *Specializer) copy(of use) (*group, error) {
	made := &group{location: new(ast.Location)}
	w := &writer{specializer: s, arguments: of.arguments, inputs: of.inputs, location: made.location, made: made}
	for _, original := range s.defined[of.path] {
		made.rules = append(made.rules, w.rule(original))
	}
	return made, w.err
}

// errShape says that something is copied nowhere, as it is rare.
var errShape = errors.New("not copied")
