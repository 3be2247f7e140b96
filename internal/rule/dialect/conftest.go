package dialect

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
)

// Conftest is the dialect of conftest: the object itself is the input, and every
// rule named deny, violation or warn, or one of these with an underscore and more,
// finds something. It takes all packages that no other dialect knows.
type Conftest struct {
	// Namespaces are the packages to read, as in main; all when empty.
	Namespaces []string
	// Data holds what rules read below data, by path.
	Data []rule.DataDocument
}

// conftestName is how conftest tells rules from helpers.
var conftestName = regexp.MustCompile(`^(deny|violation|warn)(_[a-zA-Z0-9]+)*$`)

// Name returns conftest.
func (Conftest) Name() string { return "conftest" }

// Read reads all modules with rules that conftest would run. Modules that read
// input.review are Gatekeeper's and need a template.
func (c Conftest) Read(documents []*rule.Document) ([]rule.File, []*rule.Problem) {
	var problems []*rule.Problem
	for _, document := range documents {
		if document.Module != nil && !c.reads(document.Module) {
			document.Used = true // by others, or by nobody, as it was wished
		}
		if !document.Claimed && document.Module != nil && len(c.names(document.Module)) > 0 && readsReviewAlone(document.Module) {
			document.Claimed = true
			problems = append(problems, &rule.Problem{File: document.Name, Line: document.Module.Package.Location.Row,
				Message: "the rule reads input.review, which Gatekeeper gives to the rules of ConstraintTemplates; load the template with its constraints"})
		}
	}
	reader := &foreign{dialect: c, names: c.names, adapt: c.except, documents: c.Data}
	files, more := reader.read(documents)
	return files, append(problems, more...)
}

// reads tells whether the package of a module is one to read.
func (c Conftest) reads(module *ast.Module) bool {
	return len(c.Namespaces) == 0 || slices.Contains(c.Namespaces, strings.Join(packagePath(module), "."))
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

// entrypointsOf returns the Rego rules of a module that choose accepts, each once.
// Those that are no partial sets are evaluated alone.
func entrypointsOf(module *ast.Module, choose func(name string) (finding.Mode, bool)) []rule.Entrypoint {
	var found []rule.Entrypoint
	for _, name := range definedNames(module) {
		known := slices.ContainsFunc(found, func(e rule.Entrypoint) bool { return e.Name == name })
		if mode, ok := choose(name); ok && !known {
			found = append(found, rule.Entrypoint{Name: name, Mode: mode, Alone: misshapen(module, name) > 0})
		}
	}
	return found
}

// readsInput tells whether a module reads a field of input.
func readsInput(module *ast.Module, field string) bool {
	prefix := ast.InputRootRef.Append(ast.StringTerm(field))
	found := false
	ast.WalkRefs(module, func(ref ast.Ref) bool {
		found = found || ref.HasPrefix(prefix)
		return found
	})
	return found
}

// readsReviewAlone tells whether all that a module reads of its input is what
// Gatekeeper gives: then it means nothing to conftest. Some rules are for both.
func readsReviewAlone(module *ast.Module) bool {
	alone := readsInput(module, "review")
	ast.WalkRefs(module, func(ref ast.Ref) bool {
		if ref.HasPrefix(ast.InputRootRef) {
			path := groundStrings(ref[1:])
			alone = alone && len(path) > 0 && (path[0] == "review" || path[0] == "parameters")
		}
		return false
	})
	return alone
}

// groundStrings returns the constant strings that a reference begins with.
func groundStrings(ref ast.Ref) []string {
	var path []string
	for _, term := range ref {
		s, ok := term.Value.(ast.String)
		if !ok {
			break
		}
		path = append(path, string(s))
	}
	return path
}

// exceptionRule is the name of conftest's own exceptions: sets of lists with the
// names of rules, without deny_ and the like, that do not count.
const exceptionRule = "exception"

// except makes a module's rules heed the exceptions of its package, which may
// stand in another file.
func (c Conftest) except(members []*rule.Document, document *rule.Document, module *ast.Module) []rule.File {
	if !slices.ContainsFunc(members, func(member *rule.Document) bool {
		return member.Module.Package.Path.Equal(module.Package.Path) && slices.Contains(definedNames(member.Module), exceptionRule)
	}) {
		return nil
	}
	function := fmt.Sprintf("reeve_excepted_%x", sha256.Sum256([]byte(document.Name)))
	for _, r := range module.Rules {
		if conftestName.MatchString(definedName(r)) && len(r.Head.Args) == 0 {
			_, suffix, _ := strings.Cut(definedName(r), "_")
			for _, expression := range ast.MustParseBody(fmt.Sprintf("not %s(%q)", function, suffix)) {
				r.Body.Append(expression)
			}
		}
	}
	helper := fmt.Sprintf("%s\n\n%s(name) if %s[_][_] == name\n", module.Package, function, exceptionRule)
	return []rule.File{{
		Name:   document.Name + " (exceptions)",
		Module: ast.MustParseModuleWithOpts(helper, ast.ParserOptions{RegoVersion: ast.RegoV1}),
	}}
}

// Input returns the object.
func (Conftest) Input(s *rule.Subject, _ *rule.Rule) *ast.Term { return ast.NewTerm(s.Object) }

// Results returns the elements of a set or list, as conftest does.
func (Conftest) Results(_ string, value ast.Value) []ast.Value { return rule.Elements(value) }

// Violation reads a string or an object with msg.
func (Conftest) Violation(_ *rule.Subject, value ast.Value) (rule.Violation, bool, error) {
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
