package dialect

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// Native is Reeve's own dialect: packages below reeve, or any package whose
// METADATA carries custom.reeve.
type Native struct{}

// entrypoints are the names whose results are findings, with the mode a name
// stands for; violation takes the mode of the metadata.
var entrypoints = []struct {
	name string
	mode finding.Mode
}{{name: "violation"}, {"deny", finding.Deny}, {"warn", finding.Warn}}

// Name returns native.
func (Native) Name() string { return "native" }

// Recognize accepts packages below reeve and packages with custom.reeve.
func (Native) Recognize(module *ast.Module) bool {
	path := packagePath(module)
	if len(path) > 0 && path[0] == "reeve" {
		return true
	}
	annotation := rule.Annotation(module)
	return annotation != nil && annotation.Custom[rule.MetadataKey] != nil
}

// Read reads the native modules among documents. Every other module whose package
// is below reeve is a library.
func (n Native) Read(documents []*rule.Document) ([]rule.File, []*rule.Problem) {
	var files []rule.File
	var problems []*rule.Problem
	for _, document := range documents {
		if document.Claimed || document.Module == nil || !n.Recognize(document.Module) {
			continue
		}
		document.Claimed = true
		if document.Err != nil {
			problems = append(problems, rule.ProblemsIn(document.Name, document.Err)...)
			continue
		}
		r, err := n.Rule(document.Name, document.Module)
		if err != nil {
			problems = append(problems, rule.ProblemsIn(document.Name, err)...)
			continue
		}
		if r != nil {
			r.Builtin = document.Builtin
		}
		files = append(files, rule.File{Name: document.Name, Source: document.Content, Module: document.Module, Rule: r})
	}
	return files, problems
}

// Rule reads the module's rule. A module without any entry point and without
// custom.reeve is a library.
func (n Native) Rule(file string, module *ast.Module) (*rule.Rule, error) {
	annotation := rule.Annotation(module)
	line := module.Package.Location.Row
	names := definedNames(module)
	isRule := annotation != nil && annotation.Custom[rule.MetadataKey] != nil
	for _, entrypoint := range entrypoints {
		isRule = isRule || slices.Contains(names, entrypoint.name)
	}
	if !isRule {
		return nil, nil
	}
	if annotation != nil {
		line = annotation.Location.Row
	}
	r, err := rule.FromAnnotation(annotation)
	if err != nil {
		return nil, &rule.Problem{File: file, Line: line, Message: err.Error()}
	}
	for _, entrypoint := range entrypoints {
		if !slices.Contains(names, entrypoint.name) {
			continue
		}
		if line := misshapen(module, entrypoint.name); line > 0 {
			return nil, &rule.Problem{File: file, Line: line,
				Message: fmt.Sprintf("%s is not a set of findings; write %[1]s contains {\"msg\": ...} if { ... }", entrypoint.name)}
		}
		mode := entrypoint.mode
		if entrypoint.name == "violation" {
			mode = r.Mode
		}
		r.Entrypoints = append(r.Entrypoints, rule.Entrypoint{Name: entrypoint.name, Mode: mode})
	}
	if len(r.Entrypoints) == 0 {
		return nil, &rule.Problem{File: file, Line: line,
			Message: "the rule finds nothing: it defines neither violation nor deny nor warn; write violation contains {\"msg\": ...} if { ... }"}
	}
	path := packagePath(module)
	r.ID = strings.ReplaceAll(path[len(path)-1], "_", "-")
	r.Category = "custom"
	if len(path) > 2 || len(path) == 2 && path[0] != "reeve" {
		r.Category = path[len(path)-2]
	}
	r.File = file
	r.Package = module.Package.Path
	r.Dialect = n
	return r, nil
}

// Violation reads {"msg": ..., "path": ..., "container": ...}, where only msg is
// required, or a plain string, which is the message.
func (Native) Violation(_ *rule.Subject, value ast.Value) (rule.Violation, bool, error) {
	if message, ok := value.(ast.String); ok {
		return rule.Violation{Message: string(message)}, true, nil
	}
	object, ok := value.(ast.Object)
	if !ok {
		return rule.Violation{}, false, fmt.Errorf("a finding must be an object with msg or a string, not %s", value)
	}
	violation := rule.Violation{
		Message:   text(object, "msg"),
		Path:      text(object, "path"),
		Container: text(object, "container"),
	}
	if violation.Message == "" {
		return violation, false, errors.New("a finding has no msg, or msg is not a string")
	}
	return violation, true, nil
}

// Results returns the elements of a set.
func (Native) Results(_ string, value ast.Value) []ast.Value { return rule.Elements(value) }

// Native returns the path as it is.
func (Native) Native(path []string) ([]string, bool) { return path, true }

// Input returns the same input for all rules: the compiler of the engine has
// given each rule its own place in input.parameters.
func (Native) Input(s *rule.Subject, _ *rule.Rule) *ast.Term {
	pairs := make([][2]*ast.Term, 0, 8)
	pairs = append(pairs,
		rule.Field("object", ast.NewTerm(s.Object)),
		rule.Field("operation", ast.InternedTerm(string(s.Resource.Operation))),
		rule.Field("parameters", s.Parameters),
		rule.Field("workload", s.Workload),
	)
	if s.OldObject != nil {
		pairs = append(pairs, rule.Field("oldObject", ast.NewTerm(s.OldObject)))
	}
	if s.Resource.User != nil {
		pairs = append(pairs, rule.Field("user", userTerm(s.Resource.User)))
	}
	if s.Resource.Namespace != nil {
		pairs = append(pairs, rule.Field("namespace", namespaceTerm(s.Resource.Namespace)))
	}
	if s.Inventory != nil {
		pairs = append(pairs, rule.Field("inventory", s.Inventory))
	}
	return ast.ObjectTerm(pairs...)
}

// userTerm returns what rules see as input.user.
func userTerm(user *resource.User) *ast.Term {
	groups := make([]*ast.Term, len(user.Groups))
	for i, group := range user.Groups {
		groups[i] = ast.StringTerm(group)
	}
	return ast.ObjectTerm(rule.Field("name", ast.StringTerm(user.Name)), rule.Field("groups", ast.ArrayTerm(groups...)))
}

// namespaceTerm returns what rules see as input.namespace.
func namespaceTerm(namespace *resource.Namespace) *ast.Term {
	return ast.ObjectTerm(
		rule.Field("name", ast.StringTerm(namespace.Name)),
		rule.Field("labels", rule.StringsTerm(namespace.Labels)),
		rule.Field("annotations", rule.StringsTerm(namespace.Annotations)),
	)
}

// text returns a string field of an object, or "" where it is missing or no
// string.
func text(object ast.Object, key string) string {
	term := object.Get(ast.InternedTerm(key))
	if term == nil {
		return ""
	}
	s, _ := term.Value.(ast.String)
	return string(s)
}

// packagePath returns the package's path without the leading data.
func packagePath(module *ast.Module) []string {
	var path []string
	for _, term := range module.Package.Path[1:] {
		if s, ok := term.Value.(ast.String); ok {
			path = append(path, string(s))
		}
	}
	return path
}

// definedNames returns the first name of every Rego rule in the module.
// Functions do not count: they answer nothing by themselves.
func definedNames(module *ast.Module) []string {
	var names []string
	for _, r := range module.Rules {
		if name := definedName(r); name != "" && len(r.Head.Args) == 0 {
			names = append(names, name)
		}
	}
	return names
}

func definedName(r *ast.Rule) string {
	ref := r.Head.Ref()
	if len(ref) == 0 {
		return ""
	}
	name, _ := ref[0].Value.(ast.Var)
	return string(name)
}

// misshapen returns the line of a Rego rule of the given name that is not a
// partial set, or 0. The engine gathers findings from sets only; another rule
// would find nothing for ever.
func misshapen(module *ast.Module, name string) int {
	for _, r := range module.Rules {
		if definedName(r) != name {
			continue
		}
		if r.Head.RuleKind() != ast.MultiValue || len(r.Head.Args) > 0 || len(r.Head.Ref()) > 1 {
			return r.Head.Location.Row
		}
	}
	return 0
}
