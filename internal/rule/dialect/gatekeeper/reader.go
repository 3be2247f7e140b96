package gatekeeper

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/kubereeve/reeve/internal/manifest"
	"github.com/kubereeve/reeve/internal/rule"
)

// extensions are those of manifests.
var extensions = []string{".yaml", ".yml", ".json"}

// groupSuffix ends the groups of all of Gatekeeper's kinds.
const groupSuffix = ".gatekeeper.sh"

// Read reads the templates and constraints among manifests. A template without
// constraints judges nothing, and is checked all the same. Other objects of
// Gatekeeper's are claimed and passed over.
func (Dialect) Read(documents []*rule.Document) ([]rule.File, []*rule.Problem) {
	r := &reader{templates: make(map[string]*Template), broken: make(map[string]bool), named: make(map[string]*Document)}
	for _, document := range documents {
		if !document.Claimed && document.Module == nil && slices.Contains(extensions, path.Ext(document.Path)) && bytes.Contains(document.Content, []byte(groupSuffix)) {
			r.manifest(document)
		}
	}
	for _, found := range r.found {
		if found.Resource.GroupKind() == TemplateKind {
			r.template(found)
		}
	}
	var constraints []*Constraint
	for _, found := range r.found {
		if IsConstraint(found.Resource.GroupKind()) {
			if constraint := r.constraint(found); constraint != nil {
				constraint.exempt = &r.exempt
				constraints = append(constraints, constraint)
			}
		}
	}
	return r.files(constraints), r.problems
}

// reader reads the objects of one rule set.
type reader struct {
	found     []*Document
	templates map[string]*Template // by the kind of their constraints
	broken    map[string]bool      // kinds whose template cannot be used
	named     map[string]*Document // constraints that can be used, by kind and name
	sync      syncKinds
	exempt    exemptions
	problems  []*rule.Problem
}

// manifest finds Gatekeeper's objects in a document.
func (r *reader) manifest(document *rule.Document) {
	read := manifest.Parse(document.Name, document.Content)
	templates := 0
	for _, object := range read.Objects {
		if !strings.HasSuffix(object.Resource.GroupKind().Group, groupSuffix) {
			continue
		}
		document.Claimed = true
		found := NewDocument(object)
		found.builtin = document.Builtin
		if object.Resource.GroupKind() == TemplateKind {
			templates++
			found.second = templates > 1
		}
		for _, read := range []func(*Document) *rule.Problem{r.sync.read, r.exempt.read} {
			if problem := read(found); problem != nil {
				r.problems = append(r.problems, problem)
				break
			}
		}
		r.found = append(r.found, found)
	}
	if !document.Claimed && len(read.Objects) > 0 {
		return // it only mentions Gatekeeper
	}
	for _, problem := range read.Problems {
		document.Claimed = true
		r.problems = append(r.problems, &rule.Problem{File: problem.File, Line: problem.Line, Message: problem.Message})
	}
}

// template reads a template.
func (r *reader) template(document *Document) {
	template, wrong := ReadTemplate(document)
	if len(wrong) > 0 {
		r.problems = append(r.problems, wrong...)
		r.broken[strings.ToLower(document.identity().Name)] = true
		return
	}
	first, taken := r.templates[template.Kind]
	switch {
	case !taken:
		r.templates[template.Kind] = template
	case !bytes.Equal(first.document.raw(), document.raw()): // else the same file lies in two places
		r.problems = append(r.problems, document.problem("spec.crd.spec.names.kind", "there is a template of %s already, in %s; remove one of them", template.Kind, first.document.Resource.Source.File))
	}
}

// constraint reads a constraint; nil when it cannot be used.
func (r *reader) constraint(document *Document) *Constraint {
	kind := document.identity().Kind
	template := r.templates[kind]
	switch {
	case template == nil && r.broken[strings.ToLower(kind)]:
		r.problems = append(r.problems, document.problem("kind", "its template cannot be used; correct that first"))
		return nil
	case template == nil:
		r.problems = append(r.problems, document.problem("kind", "there is no template of this kind; add the ConstraintTemplate %s", strings.ToLower(kind)))
		return nil
	}
	constraint, wrong := ReadConstraint(document, template)
	r.problems = append(r.problems, wrong...)
	if constraint == nil {
		return nil
	}
	if first := r.named[constraint.id()]; first != nil {
		if !bytes.Equal(first.raw(), document.raw()) { // else the same file lies in two places
			r.problems = append(r.problems, document.problem("metadata.name", "there is a constraint of this kind and name already, in %s; rename or remove one of them", first.Resource.Source.File))
		}
		return nil
	}
	r.named[constraint.id()] = document
	return constraint
}

// files returns the files of all constraints and of the templates they use.
func (r *reader) files(constraints []*Constraint) []rule.File {
	units := make(map[*Template]*rule.Unit)
	var files []rule.File
	for _, constraint := range constraints {
		template := constraint.Template
		needs, problem := r.sync.needs(template)
		if problem != nil {
			if units[template] == nil {
				r.problems = append(r.problems, problem)
				units[template] = rule.NewUnit("") // said once
			}
			continue
		}
		if units[template] == nil {
			var modules []rule.File
			units[template], modules = unitOf(template)
			files = append(files, modules...)
		}
		made, problem := newRule(constraint, units[template])
		if problem != nil {
			r.problems = append(r.problems, problem)
			continue
		}
		made.Inventory = needs
		files = append(files, constraint.file(made))
	}
	return files
}

// unitOf returns a template's modules in a unit of their own.
func unitOf(template *Template) (*rule.Unit, []rule.File) {
	unit := rule.NewUnit("gatekeeper_" + template.Kind)
	pieces := append([]Piece{template.Module}, template.Libraries...)
	for _, piece := range pieces {
		unit.Add(piece.Module)
	}
	files := make([]rule.File, len(pieces))
	for i, piece := range pieces {
		files[i] = rule.File{Name: piece.Name, Source: []byte(piece.Text), Module: unit.Move(piece.Module), Foreign: true}
	}
	return unit, files
}

// Files returns the files of one constraint for rule.NewSet, as gator sees it: it
// judges all that it is asked about, with whatever inventory there is, and an
// object that names no namespace is in none. SourceOf is asked where the object
// comes from that is being judged.
func Files(constraint *Constraint, sourceOf func() Source) ([]rule.File, error) {
	unit, files := unitOf(constraint.Template)
	made, problem := newRule(constraint, unit)
	if problem != nil {
		return nil, problem
	}
	asGator(made, constraint, sourceOf)
	return append(files, constraint.file(made)), nil
}

// file returns the file of a constraint's rule. What it means depends on all of
// its template, whose schema has defaults, and on the exemptions.
func (c *Constraint) file(made *rule.Rule) rule.File {
	source := slices.Concat(c.document.raw(), c.Template.document.raw())
	if c.exempt.any() {
		source = append(source, c.exempt.source...)
	}
	return rule.File{Name: c.document.Resource.Source.File, Rule: made, Foreign: true, Source: source}
}

// id returns the id of a constraint's rule.
func (c *Constraint) id() string { return fmt.Sprintf("gatekeeper/%s/%s", c.Template.Kind, c.Name) }
