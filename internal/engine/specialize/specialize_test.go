package specialize_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/engine/specialize"
)

// resolved returns modules as New wants them, named after their packages.
func resolved(t *testing.T, texts ...string) map[string]*ast.Module {
	t.Helper()
	parsed, found := make(map[string]*ast.Module), make(map[string]*ast.Module)
	for _, text := range texts {
		module, err := ast.ParseModuleWithOpts("", text, ast.ParserOptions{RegoVersion: ast.RegoV0})
		if err != nil {
			t.Fatal(err)
		}
		parsed[module.Package.Path.String()] = module
	}
	compiler := ast.NewCompiler()
	compiler.WithStageAfterID(ast.StageResolveRefs, ast.CompilerStageDefinition{Name: "Keep", MetricName: "keep", Stage: func(compiler *ast.Compiler) *ast.Error {
		for name, module := range compiler.Modules {
			found[name] = module.Copy()
		}
		return nil
	}})
	if compiler.Compile(parsed); compiler.Failed() {
		t.Fatal(compiler.Errors)
	}
	return found
}

// copied makes copies of the entry points of packages, each with some arguments, and
// returns the Rego rules of these and of what they refer to.
func copied(t *testing.T, arguments string, texts ...string) []string {
	t.Helper()
	modules := resolved(t, texts...)
	specializer := specialize.New(modules)
	for _, module := range modules {
		if _, err := specializer.Entry(module.Package.Path.Append(ast.StringTerm("violation")), ast.MustParseTerm(arguments)); err != nil {
			t.Fatal(err)
		}
	}
	var lines []string
	for _, rule := range specializer.Rules() {
		lines = append(lines, strings.Join(strings.Fields(rule.String()), " "))
	}
	slices.Sort(lines)
	return lines
}

const containersText = `
containers[c] { c := input.review.object.spec.containers[_] }
containers[c] { c := input.review.object.spec.initContainers[_] }
`

func TestTemplatesShareWhatReadsTheSame(t *testing.T) {
	rules := copied(t, "{}",
		`package a`+"\n"+`violation[c.name] { c := containers[_]; c.privileged }`+containersText,
		`package b`+"\n"+`violation[c.image] { c := containers[_]; c.tty }`+containersText,
		`package c`+"\n"+`violation[c.image] { c := containers[_]; c.stdin }`+"\n"+`containers[c] { c := input.review.object.spec.containers[_] }`)
	of := func(name string) (found int) {
		for _, rule := range rules {
			if strings.HasPrefix(rule, name) {
				found++
			}
		}
		return found
	}
	if of("containers_0")+of("containers_1") != 3 || of("containers_2") != 0 || len(rules) != 6 {
		t.Errorf("want one set of two rules, one of a single rule and three entry points, got\n%s", strings.Join(rules, "\n"))
	}
}

func TestWhatArgumentsDecideIsDecidedOnce(t *testing.T) {
	const exempt = `
exempt(c) { images := object.get(object.get(input, "parameters", {}), "exemptImages", []); images[_] == c.image }`
	for _, test := range []struct{ name, arguments, text, want string }{
		{"a scalar stands in the text", `{"name": "x"}`, `violation[m] { m := input.parameters.name }`,
			`violation_0[m] { assign(m, "x") }`},
		{"a list comes with the input", `{"names": ["x"]}`, `violation[m] { m := input.parameters.names[_] }`,
			`violation_0[m] { assign(m, input.reeve_constants["0"][_]) }`},
		{"what nobody set is never true", `{}`, `violation[m] { m := input.parameters.names[_] }`,
			`violation_0[null] { false }`},
		{"what is never true is not asked for", `{}`, `violation[c] { c := input.review.object; not exempt(c) }` + exempt,
			`violation_0[c] { assign(c, input.review.object) }`},
		{"a comprehension over nothing is empty", `{}`, `violation[m] { m := {n | n := input.parameters.names[_]} }`,
			`violation_0[m] { assign(m, set()) }`},
	} {
		t.Run(test.name, func(t *testing.T) {
			rules := copied(t, test.arguments, "package a\n"+test.text)
			if !slices.Contains(rules, test.want) {
				t.Errorf("got\n%s\nwant among them\n%s", strings.Join(rules, "\n"), test.want)
			}
		})
	}
}

func TestWhatCannotBeCopiedSaysWhy(t *testing.T) {
	for text, want := range map[string]string{
		`violation[m] { m := input }`:                                                 "input as a whole",
		`violation[m] { x := "parameters"; m := input[x] }`:                           "input as a whole",
		`violation[m] { m := data.b }`:                                                "package data.b as a whole",
		`violation[m] { m := name with input.review as 1 }` + "\nname = input.review": "with",
		`violation[m] { m := f(input) }` + "\nf({\"review\": r}) = r":                 "input as a whole",
	} {
		modules := resolved(t, "package a\n"+text, "package b\nx = 1")
		_, err := specialize.New(modules).Entry(ast.MustParseRef("data.a.violation"), ast.MustParseTerm("{}"))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "data.a.violation: ") {
			t.Errorf("%s: error %v, want one about %s", text, err, want)
		}
	}
}
