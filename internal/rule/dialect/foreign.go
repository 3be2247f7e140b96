package dialect

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
)

// anyKind is what rules judge that decide by themselves what they look at.
var anyKind = []schema.GroupKind{{Group: rule.Any, Kind: rule.Any}}

// foreign reads dialects of which every file with entry points is a rule: it
// finds the files that belong together and moves them into units of their own.
type foreign struct {
	dialect rule.Dialect
	// names returns the entry points of a module; a module without any is none
	// of the dialect's rules.
	names func(*ast.Module) []rule.Entrypoint
	// separate is true when files of one package know nothing of each other.
	separate bool
	// libraries is true when all modules beside the rules are libraries, those too
	// that none of them imports.
	libraries bool
	// adapt, where it is given, may change a module before it is moved, and returns
	// its entry points. It is given all files of the dialect in the tree.
	adapt func(members []*rule.Document, module *ast.Module, entrypoints []rule.Entrypoint) []rule.Entrypoint
	// prepare, where it is given, returns what a document's module is read as.
	prepare func(*rule.Document) *ast.Module
	// complete fills in what the dialect knows of a rule.
	complete func(*rule.Rule, *rule.Document)
	// documents are data that the rules read.
	documents []rule.DataDocument
}

// grove is what of one tree belongs to one dialect.
type grove struct {
	*foreign
	name     string
	members  []*rule.Document    // of packages with entry points
	imported []*rule.Document    // of other packages that the members import
	data     []rule.DataDocument // that they read
	shared   *rule.Unit          // of the members and the imported, with the data
}

// read claims the dialect's documents, tree by tree, and returns their files.
func (f *foreign) read(documents []*rule.Document) ([]rule.File, []*rule.Problem) {
	var files []rule.File
	var problems []*rule.Problem
	all := trees(documents)
	for i, tree := range all {
		g := &grove{foreign: f, name: fmt.Sprintf("%s%d", f.dialect.Name(), i)}
		if g.find(tree, f.elsewhere(all, i)); len(g.members) > 0 {
			var wrong []*rule.Problem
			g.data, wrong = withBundled(f.documents, documents, tree[0].Tree)
			problems = append(problems, wrong...)
			files = append(files, g.files()...)
		}
	}
	distinguish(files, documents)
	return files, problems
}

// distinguish gives rules whose files have the same name, in one place or
// another, ids of their own: with the path, or else with the directory that was
// given before it.
func distinguish(files []rule.File, documents []*rule.Document) {
	byName := make(map[string]*rule.Document, len(documents))
	for _, document := range documents {
		byName[document.Name] = document
	}
	taken := make(map[string]bool)
	for _, file := range files {
		if file.Rule == nil {
			continue
		}
		document := byName[file.Name]
		dialect, _, _ := strings.Cut(file.Rule.ID, "/")
		place := withoutExtension(document.Path)
		for _, id := range []string{file.Rule.ID, dialect + "/" + place, dialect + "/" + path.Base(document.Tree) + "/" + place} {
			if file.Rule.ID = id; !taken[id] {
				break
			}
		}
		taken[file.Rule.ID] = true
	}
}

func withoutExtension(name string) string { return strings.TrimSuffix(name, path.Ext(name)) }

// find sorts the documents of a tree and claims those that belong to the dialect. The
// libraries elsewhere are used where the tree's own modules refer to them.
func (g *grove) find(tree, elsewhere []*rule.Document) {
	packages := make(map[string]bool)
	for _, document := range tree {
		if len(g.names(document.Module)) > 0 {
			packages[document.Module.Package.Path.String()] = true
		}
	}
	var others []*rule.Document
	for _, document := range tree {
		if packages[document.Module.Package.Path.String()] {
			document.Claimed = true
			g.members = append(g.members, document)
		} else {
			others = append(others, document)
		}
	}
	for queue := slices.Clone(g.members); len(queue) > 0; queue = queue[1:] {
		for _, other := range slices.Concat(others, elsewhere) {
			if !slices.Contains(g.imported, other) && rule.Refers(queue[0].Module, other.Module.Package.Path) {
				other.Used = true
				g.imported = append(g.imported, other)
				queue = append(queue, other)
			}
		}
	}
	if g.libraries && len(g.members) > 0 {
		for _, other := range others {
			other.Used = true
		}
	}
}

// files returns the moved files of the grove.
func (g *grove) files() []rule.File {
	g.shared = rule.NewUnit(g.name)
	var apart []*rule.Document
	together := g.members
	if g.separate {
		together, apart = nil, g.members
	} else if lone := g.lone(); len(lone) > 0 {
		together, apart = nil, nil
		for _, document := range g.members {
			if lone[document.Module.Package.Path.String()] {
				apart = append(apart, document)
			} else {
				together = append(together, document)
			}
		}
	}
	for _, document := range slices.Concat(together, g.imported) {
		g.shared.Add(document.Module)
	}
	files := g.dataFile(g.shared, g.name, func(rule.DataDocument) bool { return true })
	for _, document := range g.imported {
		files = append(files, rule.File{Name: document.Name, Source: document.Content, Module: g.shared.Move(g.module(document)), Foreign: true})
	}
	for _, document := range together {
		files = append(files, g.file(document, g.shared))
	}
	return append(files, g.apart(apart)...)
}

// dataFile returns the data that a unit reads, of those that are wanted. They are a
// file of their own, because each of the others may be left out.
func (g *grove) dataFile(unit *rule.Unit, name string, want func(rule.DataDocument) bool) []rule.File {
	file := rule.File{Name: "data for " + name, Foreign: true}
	for _, data := range g.data {
		if want(data) {
			file.Documents = append(file.Documents, unit.AddDocument(data.Path, data.Value))
		}
	}
	if len(file.Documents) == 0 {
		return nil
	}
	return []rule.File{file}
}

// apart returns files that do not go together, each rule in a unit of its own with
// the files of its package that have no entry points.
func (g *grove) apart(documents []*rule.Document) []rule.File {
	var files []rule.File
	for i, document := range documents {
		if len(g.names(document.Module)) == 0 {
			continue
		}
		unit := rule.NewUnit(fmt.Sprintf("%s_%d", g.name, i))
		unit.Add(document.Module)
		unit.Use(g.shared)
		files = append(files, g.dataFile(unit, document.Name, func(data rule.DataDocument) bool {
			return data.Path[1].Equal(document.Module.Package.Path[1]) // the rest is beside it
		})...)
		files = append(files, g.file(document, unit))
		for _, helper := range documents {
			if len(g.names(helper.Module)) == 0 && helper.Module.Package.Path.Equal(document.Module.Package.Path) {
				files = append(files, rule.File{Name: fmt.Sprintf("%s (for %s)", helper.Name, document.Name),
					Source: helper.Content, Module: unit.Move(g.module(helper)), Foreign: true})
			}
		}
	}
	return files
}

// module returns what a document's module is read as.
func (g *grove) module(document *rule.Document) *ast.Module {
	if g.prepare == nil {
		return document.Module
	}
	return g.prepare(document)
}

// file returns a document moved into a unit, with its rule if it has one.
func (g *grove) file(document *rule.Document, unit *rule.Unit) rule.File {
	module := g.module(document).Copy()
	file := rule.File{Name: document.Name, Source: document.Content, Foreign: true}
	if entrypoints := g.names(document.Module); len(entrypoints) > 0 {
		if g.adapt != nil {
			entrypoints = g.adapt(g.members, module, entrypoints)
		}
		file.Rule = g.rule(document, unit.Package(module.Package.Path), entrypoints)
	}
	file.Module = unit.Move(module)
	return file
}

// rule returns what can be said of the rule in a document by its place and its
// METADATA.
func (g *grove) rule(document *rule.Document, pkg ast.Ref, entrypoints []rule.Entrypoint) *rule.Rule {
	name := g.dialect.Name()
	r := &rule.Rule{
		ID:          name + "/" + withoutExtension(document.Path),
		Category:    name,
		Title:       withoutExtension(path.Base(document.Path)),
		Severity:    finding.Medium,
		Mode:        entrypoints[0].Mode,
		Kinds:       anyKind,
		Doors:       []finding.Door{finding.DoorAdmission, finding.DoorScan},
		File:        document.Name,
		Package:     pkg,
		Entrypoints: entrypoints,
		Dialect:     g.dialect,
		OwnFile:     true,
		Lenient:     true, // as in the tools that the rules are written for
	}
	if annotation := rule.Annotation(document.Module); annotation != nil {
		if annotation.Title != "" {
			r.Title = annotation.Title
		}
		r.Description = strings.TrimSpace(annotation.Description)
		if word, ok := annotation.Custom["severity"].(string); ok {
			if severity, err := finding.ParseSeverity(strings.ToLower(word)); err == nil {
				r.Severity = severity
			}
		}
	}
	if g.complete != nil {
		g.complete(r, document)
	}
	return r
}
