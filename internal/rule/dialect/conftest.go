package dialect

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/glob"
	"github.com/kubereeve/reeve/internal/rule"
)

// Conftest is the dialect of conftest: the object itself is the input, and every
// rule named deny, violation or warn, or one of these with an underscore and more,
// finds something. It takes all packages that no other dialect knows.
type Conftest struct {
	// Namespaces are the packages to read, as in main or team.*; all when empty.
	Namespaces []string
	// Data holds what rules read below data, by path.
	Data []rule.DataDocument
}

// conftestName is how conftest tells rules from helpers.
var conftestName = regexp.MustCompile(`^(deny|violation|warn)(_[a-zA-Z0-9]+)*$`)

// Name returns conftest.
func (Conftest) Name() string { return "conftest" }

// Read reads all modules with rules that conftest would run. Those that could
// never find anything are left out.
func (c Conftest) Read(documents []*rule.Document) ([]rule.File, []*rule.Problem) {
	var problems []*rule.Problem
	for _, document := range documents {
		if document.Module == nil {
			continue
		}
		if !c.reads(document.Module) {
			document.Used = true // by others, or by nobody, as it was wished
		} else if problem := c.idle(document, documents); problem != nil {
			document.Claimed = true
			problems = append(problems, problem)
		}
	}
	reader := &foreign{dialect: c, names: c.names, libraries: true, adapt: c.except, documents: c.Data}
	files, more := reader.read(documents)
	problems = append(problems, more...)
	for _, document := range documents {
		if document.Module == nil || !c.reads(document.Module) {
			continue
		}
		if len(c.names(document.Module)) > 0 && readsData(document.Module, conftestFile) {
			problems = append(problems, &rule.Problem{File: document.Name, Line: document.Module.Package.Location.Row,
				Message: "the rule reads data.conftest.file, the file that is checked; objects have none, so what depends on it finds nothing"})
		}
		if line := strayException(document.Module); line > 0 && document.Claimed {
			problems = append(problems, &rule.Problem{File: document.Name, Line: line,
				Message: "exception is no set of lists with names of rules, so it excepts nothing; write exception contains [\"run_as_root\"] if { ... }"})
		}
	}
	return files, append(problems, c.unread(documents)...)
}

// conftestFile is where conftest says which file is checked.
var conftestFile = ast.MustParseRef("data.conftest.file")

// idle returns why the rules of a document could never find anything, nil where they
// may, where there are none, and where they help others.
func (c Conftest) idle(document *rule.Document, all []*rule.Document) *rule.Problem {
	module := document.Module
	problem := &rule.Problem{File: document.Name, Line: module.Package.Location.Row}
	name, line := wordless(module, conftestName.MatchString)
	switch rules := len(c.names(module)) > 0; {
	case document.Claimed:
		return nil
	case rules && readsReviewAlone(module):
		problem.Message = "the rule reads input.review, which Gatekeeper gives to the rules of ConstraintTemplates; load the template with its constraints"
	case rules && readsCombinedAlone(module):
		problem.Message = "the rule reads a list of files, as conftest gives with --combine; Reeve judges one object at a time: write a rule of Reeve's own that reads data.inventory"
	case !rules && name != "" && !c.helps(document, name, all):
		problem.Line = line
		problem.Message = fmt.Sprintf("%s is no set of messages, so it could never find anything; write %[1]s contains msg if { ... }", name)
	default:
		return nil
	}
	return problem
}

// helps tells whether a document without rules, but with something of a rule's name,
// has rules of other names beside it in its package, or is imported.
func (c Conftest) helps(document *rule.Document, name string, all []*rule.Document) bool {
	path := document.Module.Package.Path
	return document.Used || slices.ContainsFunc(all, func(other *rule.Document) bool {
		switch {
		case other == document || other.Module == nil:
			return false
		case other.Module.Package.Path.Equal(path):
			names := c.names(other.Module)
			return len(names) > 0 && !slices.ContainsFunc(names, func(entry rule.Entrypoint) bool { return entry.Name == name })
		}
		return rule.Refers(other.Module, path)
	})
}

// reads tells whether the package of a module is one to read.
func (c Conftest) reads(module *ast.Module) bool {
	name := strings.Join(packagePath(module), ".")
	return len(c.Namespaces) == 0 || slices.ContainsFunc(c.Namespaces, func(wanted string) bool {
		pattern, err := glob.Compile(wanted)
		return wanted == name || err == nil && pattern.Match(name)
	})
}

// unread returns a problem for each tree that has packages of conftest's and none of
// those to read.
func (c Conftest) unread(documents []*rule.Document) []*rule.Problem {
	var problems []*rule.Problem
	for _, tree := range trees(documents) {
		names := make(map[string]bool)
		for _, document := range tree {
			if !c.reads(document.Module) && len(Conftest{}.names(document.Module)) > 0 {
				names[strings.Join(packagePath(document.Module), ".")] = true
			}
		}
		name := tree[0].Tree
		claimed := slices.ContainsFunc(documents, func(document *rule.Document) bool { return document.Tree == name && document.Claimed })
		if len(names) > 0 && !claimed {
			problems = append(problems, &rule.Problem{File: name, Message: fmt.Sprintf("of the packages to read (--conftest-namespace, rules.conftest.namespaces) there is none; there are %s",
				strings.Join(slices.Sorted(maps.Keys(names)), ", "))})
		}
	}
	return problems
}

// names returns the entry points of a module.
func (c Conftest) names(module *ast.Module) []rule.Entrypoint {
	if !c.reads(module) {
		return nil
	}
	return entrypointsOf(module, func(name string) (finding.Mode, bool) {
		if strings.HasPrefix(name, "warn") {
			return finding.Warn, conftestName.MatchString(name)
		}
		return finding.Deny, conftestName.MatchString(name)
	})
}

// Input returns the object.
func (Conftest) Input(s *rule.Subject, _ *rule.Rule) *ast.Term { return ast.NewTerm(s.Object) }

// Results returns the elements of a set or list, as conftest does.
func (Conftest) Results(_ string, value ast.Value) []ast.Value { return rule.Elements(value) }

// Violation reads a string or an object with msg. What has an empty one has passed.
func (Conftest) Violation(_ *rule.Subject, value ast.Value) (rule.Violation, bool, error) {
	message := value
	if object, ok := value.(ast.Object); ok {
		if term := object.Get(ast.StringTerm("msg")); term != nil {
			message = term.Value
		}
	}
	if message.Compare(ast.String("")) == 0 {
		return rule.Violation{}, false, nil
	}
	return messageOf(value, "msg")
}

// Native returns where the field is in the native input.
func (Conftest) Native(path []string) ([]string, bool) {
	return append([]string{"object"}, path...), true
}

// messageOf reads a string, or an object with its message under one of the keys.
func messageOf(value ast.Value, keys ...string) (rule.Violation, bool, error) {
	switch value := value.(type) {
	case ast.String:
		return rule.Violation{Message: string(value)}, true, nil
	case ast.Object:
		for _, key := range keys {
			if message := text(value, key); message != "" {
				return rule.Violation{Message: message, Path: text(value, "path"), Container: text(value, "container")}, true, nil
			}
		}
		return rule.Violation{}, false, fmt.Errorf("a finding has no %s, or it is not a string", keys[0])
	}
	return rule.Violation{}, false, errors.New("a finding must be a string or an object with " + keys[0])
}
