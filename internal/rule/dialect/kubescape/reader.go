package kubescape

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
)

// The files of a rule's folder.
const (
	ruleFile     = "raw.rego"
	filterFile   = "filter.rego"
	metadataFile = "rule.metadata.json"
)

// countersFolder holds Rego in the package of rules that only counts.
const countersFolder = "/resource-counters/"

// rulePackage is the package of every rule.
const rulePackage = "armo_builtins"

// Reader reads the rules of Kubescape.
type Reader struct {
	Options Options
}

// Name returns kubescape.
func (Reader) Name() string { return name }

// Read reads the folders of rules, tree by tree, with the libraries, controls and
// control inputs of the same tree.
func (r Reader) Read(documents []*rule.Document) ([]rule.File, []*rule.Problem) {
	var names []string
	trees := make(map[string][]*rule.Document)
	for _, document := range documents {
		if trees[document.Tree] == nil {
			names = append(names, document.Tree)
		}
		trees[document.Tree] = append(trees[document.Tree], document)
	}
	var files []rule.File
	var problems []*rule.Problem
	for number, name := range names {
		tree := &tree{number: number, folders: make(map[string]*folder), lists: &lists{}}
		if tree.gather(trees[name]) {
			tree.read(trees[name], r.Options)
			files = append(files, tree.files...)
			problems = append(problems, tree.problems...)
		}
	}
	return files, problems
}

// tree is one directory that the user gave.
type tree struct {
	number   int
	folders  map[string]*folder
	rules    []*source
	lists    *lists
	files    []rule.File
	problems []*rule.Problem
	looking  []ast.Ref // packages, not of rules, that read input
}

// folder is one directory with files of a rule.
type folder struct {
	metadata *rule.Document
	rules    int
}

// source is one rule in the making.
type source struct {
	document *rule.Document
	metadata *rule.Document // nil where there is none
	name     string
	rule     *rule.Rule
	dialect  *Dialect
	program  *Program
}

// gather finds the rules, and tells whether there are any.
func (t *tree) gather(documents []*rule.Document) bool {
	at := func(document *rule.Document) *folder {
		directory := path.Dir(document.Path)
		if t.folders[directory] == nil {
			t.folders[directory] = &folder{}
		}
		return t.folders[directory]
	}
	hasRule := make(map[string]bool)
	for _, document := range documents {
		if isRule(document) && path.Base(document.Path) == ruleFile {
			hasRule[path.Dir(document.Path)] = true
		}
	}
	for _, document := range documents {
		switch {
		case path.Base(document.Path) == metadataFile && !document.Claimed:
			at(document).metadata = document
		case !isRule(document):
		case path.Base(document.Path) == filterFile && hasRule[path.Dir(document.Path)]:
			document.Claimed = true // it says what a rule applies to, and finds nothing
		case strings.Contains("/"+document.Path, countersFolder):
			document.Claimed = true // it counts what there is, and finds nothing
		default:
			document.Claimed = true
			at(document).rules++
			t.rules = append(t.rules, &source{document: document})
		}
	}
	return len(t.rules) > 0
}

// isRule tells whether a document is the Rego of a rule.
func isRule(document *rule.Document) bool {
	return !document.Claimed && document.Module != nil && document.Module.Package.Path.Equal(packageRef)
}

var packageRef = ast.MustParseRef("data." + rulePackage)

// read makes rules of what was gathered.
func (t *tree) read(documents []*rule.Document, options Options) {
	catalogue, plain := newCatalogue(), documents[:0:0]
	for _, document := range documents {
		if document.Claimed || document.Module != nil || path.Base(document.Path) == metadataFile || inTest(document.Path) {
			continue
		}
		plain = append(plain, document)
		if path.Ext(document.Path) == ".json" && catalogue.read(document) {
			document.Claimed = true
		}
	}
	for _, document := range documents {
		if document.Module != nil && !document.Claimed && len(inputs(document.Module)) > 0 {
			t.looking = append(t.looking, document.Module.Package.Path)
		}
	}
	given, wrong := readInputs(plain, options)
	t.problems = append(append(t.problems, wrong...), catalogue.problems...)
	t.rules = slices.DeleteFunc(t.rules, func(s *source) bool {
		problem := t.describe(s, catalogue, strings.ToLower(options.Cluster[cloudProvider]))
		if problem != nil {
			t.problems = append(t.problems, problem)
		}
		return problem != nil || s.rule == nil
	})
	t.rename()
	library := newUnit(t.number, documents, t.rules, given)
	t.files = append(t.files, library.files...)
	for _, s := range t.rules {
		t.files = append(t.files, t.file(s, library.unit))
	}
}

// inTest tells whether a file belongs to the tests of a rule.
func inTest(file string) bool { return strings.Contains("/"+file, "/test/") }

// describe reads what is known of a rule. One that is to be passed over stays
// without rule.
func (t *tree) describe(s *source, catalogue *catalogue, cloud string) *rule.Problem {
	folder := t.folders[path.Dir(s.document.Path)]
	metadata := &Metadata{Name: strings.TrimSuffix(path.Base(s.document.Path), ".rego")}
	if path.Base(s.document.Path) == ruleFile {
		metadata.Name = path.Base(path.Dir(s.document.Path))
	}
	if metadata.Name == "." {
		metadata.Name = strings.TrimSuffix(ruleFile, ".rego")
	}
	wanted := kinds{{Group: rule.Any, Kind: rule.Any}}
	if folder.metadata != nil && (path.Base(s.document.Path) == ruleFile || folder.rules == 1) {
		s.metadata = folder.metadata
		s.metadata.Claimed = true
		read, err := ReadMetadata(s.metadata.Content)
		if err != nil {
			return rule.ProblemsIn(s.metadata.Name, err)[0]
		}
		if read.passedOver() {
			return nil
		}
		if read.RuleLanguage != "" && !strings.EqualFold(read.RuleLanguage, "rego") {
			return &rule.Problem{File: s.metadata.Name, PassedOver: true,
				Message: fmt.Sprintf("the rule is passed over: ruleLanguage is %q, and only Rego is known", read.RuleLanguage)}
		}
		metadata, wanted = read, read.kinds()
	}
	s.name = metadata.Name
	if wanted.everywhere() && !catalogue.fits(s.name, cloud) {
		return nil // elsewhere it would find the same in every cluster
	}
	s.rule = &rule.Rule{
		ID: name + "/" + s.name, Category: name, Title: s.name, Severity: finding.Medium, Mode: finding.Warn,
		Kinds: []schema.GroupKind(wanted), Template: wanted.onTemplates(), Doors: []finding.Door{finding.DoorAdmission, finding.DoorScan},
		Description: metadata.Description, Remediation: metadata.Remediation,
		Builtin: s.document.Builtin, File: s.document.Name, Lenient: true,
	}
	s.dialect = &Dialect{kinds: wanted, lists: t.lists, rated: catalogue.describe(s.rule, s.name)}
	s.rule.Dialect = s.dialect
	return t.analyse(s, metadata.attribute(aggregator))
}

// analyse finds out what a rule needs to see.
func (t *tree) analyse(s *source, aggregated string) *rule.Problem {
	elements := Objects
	if aggregated == bySubjects {
		elements = Subjects
	}
	looks := slices.ContainsFunc(t.looking, func(path ast.Ref) bool { return rule.Refers(s.document.Module, path) })
	s.program = Analyse(s.document.Module, elements, looks)
	s.dialect.judges = s.program.Judges
	if len(s.program.Entrypoints) == 0 {
		return &rule.Problem{File: s.document.Name, Line: s.document.Module.Package.Location.Row,
			Message: "the rule finds nothing: it does not define deny; write deny[msga] { ... } with a response that has alertMessage"}
	}
	if builtin, line := networkBuiltin(s.document.Module); builtin != "" {
		return &rule.Problem{File: s.document.Name, Line: line,
			Message:    fmt.Sprintf("the rule is passed over: it calls %s, which asks others over the network", builtin),
			PassedOver: true}
	}
	switch {
	case aggregated == bySubjects:
		s.dialect.shape = subjects
		s.rule.Match = countsRole
	case aggregated == byAPIServer:
		s.rule.Match = isAPIServer
		s.rule.Uncacheable = true // that depends on the name
	case s.program.Joined:
		s.dialect.shape = joined
	}
	alone := s.dialect.shape != single || s.rule.Match != nil
	if s.dialect.shape != single {
		s.rule.Inventory = s.dialect.kinds.needs(s.document.Module)
	}
	for _, entrypoint := range s.program.Entrypoints {
		s.rule.Entrypoints = append(s.rule.Entrypoints, rule.Entrypoint{
			Name: entrypoint, Mode: s.rule.Mode, Alone: alone || !isSet(s.program.Module, entrypoint),
		})
	}
	return nil
}

// isSet tells whether a Rego rule is a partial set in all its pieces.
func isSet(module *ast.Module, name string) bool {
	return !slices.ContainsFunc(module.Rules, func(r *ast.Rule) bool {
		head, _ := headName(r)
		return string(head) == name && r.Head.RuleKind() != ast.MultiValue
	})
}

// rename gives rules whose name is taken that of their folder.
func (t *tree) rename() {
	slices.SortStableFunc(t.rules, func(a, b *source) int { return cmp.Compare(a.document.Path, b.document.Path) })
	taken := make(map[string]bool)
	for _, s := range t.rules {
		if directory := path.Base(path.Dir(s.document.Path)); taken[s.name] && directory != "." {
			s.name = directory
			s.rule.ID = name + "/" + directory
		}
		taken[s.name] = true
	}
}

// file returns the file of a rule, whose module sees the libraries of its tree.
func (t *tree) file(s *source, library *rule.Unit) rule.File {
	unit := rule.NewUnit(fmt.Sprintf("kubescape_%d_%s", t.number, s.document.Path))
	unit.Add(s.program.Module)
	unit.Use(library)
	s.rule.Package = unit.Package(s.program.Module.Package.Path)
	content := slices.Clone(s.document.Content)
	if s.metadata != nil {
		content = append(content, s.metadata.Content...)
	}
	content = fmt.Appendf(content, "%v %v", s.rule.Severity, s.rule.Controls) // part of the revision
	return rule.File{Name: s.document.Name, Source: content, Module: unit.Move(s.program.Module), Rule: s.rule, Foreign: true}
}
