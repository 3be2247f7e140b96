package interpreter_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/test/cases"
	"github.com/open-policy-agent/opa/v1/test/cases/testdata"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/util"
)

// knownDifferences are cases in which programs answer otherwise than topdown, and why.
var knownDifferences = map[string]string{
	"data/toplevel integer": "topdown finds data[2] under the name \"2\", as paths of its store are strings; OPA's WebAssembly does not",
	"data/nested integer":   "the same, further down",
}

// mostSkipped is how many cases may not compile as a rule of their own.
const mostSkipped = 3

// TestProgramsAnswerAsOPADoes asks what OPA's own evaluators are held against.
func TestProgramsAnswerAsOPADoes(t *testing.T) {
	asked, left, skipped := 0, 0, 0
	for _, test := range conformanceCases(t) {
		t.Run(test.Note, func(t *testing.T) {
			for name, value := range test.Env {
				t.Setenv(name, value)
			}
			c, err := fromCase(test)
			if err != nil {
				skipped++
				t.Skipf("the query does not compile as a rule: %v", err)
			}
			left++
			differs := difference(t, c)
			left--
			asked++
			switch reason := knownDifferences[test.Note]; {
			case differs != "" && reason == "":
				t.Error(differs)
			case differs == "" && reason != "":
				t.Errorf("does not differ any more; take it off the list: %s", reason)
			}
		})
	}
	if t.Logf("%d cases asked, %d left to topdown", asked, left); asked < 2200 || skipped > mostSkipped {
		t.Errorf("only %d cases asked, %d skipped", asked, skipped)
	}
}

// difference returns how a program's answer differs from topdown's.
func difference(t *testing.T, c *comparison) string {
	t.Helper()
	want, wantErr := c.topdown()
	got, gotErr := c.program(t)
	switch {
	case topdown.IsCancel(gotErr) || topdown.IsCancel(wantErr):
	case code(gotErr) != code(wantErr):
		return fmt.Sprintf("the program's error: %v\nOPA's: %v", gotErr, wantErr)
	case wantErr == nil && compare(want, got) != 0:
		return fmt.Sprintf("the program says %v\nOPA says %v", got, want)
	}
	return ""
}

func compare(a, b *ast.Term) int {
	if a == nil || b == nil {
		return boolean(a != nil) - boolean(b != nil)
	}
	return a.Value.Compare(b.Value)
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// code returns what kind of error it is.
func code(err error) string {
	if failure, ok := errors.AsType[*topdown.Error](err); ok {
		return failure.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// conformanceCases returns the cases that come with OPA.
func conformanceCases(t *testing.T) []cases.TestCase {
	t.Helper()
	var all []cases.TestCase
	err := fs.WalkDir(testdata.V1, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(testdata.V1, path)
		if err != nil {
			return err
		}
		var set cases.Set
		if err := util.Unmarshal(content, &set); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, set.Cases...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// fromCase makes a case's query a rule, so that it can be asked of a program.
func fromCase(test cases.TestCase) (*comparison, error) {
	options := ast.ParserOptions{RegoVersion: ast.RegoV1}
	if test.ExperimentalKeywords {
		options.Capabilities = ast.CapabilitiesForThisVersion(ast.CapabilitiesExperimentalKeywords(true))
	}
	c := &comparison{modules: make(map[string]*ast.Module), capabilities: options.Capabilities, ctx: context.Background()}
	for i, text := range test.Modules {
		name := fmt.Sprintf("test-%d.rego", i)
		module, err := ast.ParseModuleWithOpts(name, text, options)
		if err != nil {
			return nil, err
		}
		c.modules[name] = module
	}
	body, err := ast.ParseBodyWithOpts(test.Query, options)
	if err != nil {
		return nil, err
	}
	var pairs [][2]*ast.Term
	vars := body.Vars(ast.VarVisitorParams{SkipRefCallHead: true, SkipClosures: true, SkipTemplateStrings: true}).Diff(ast.ReservedVars)
	for _, name := range vars.Sorted() {
		if !name.IsWildcard() && !name.IsGenerated() {
			pairs = append(pairs, ast.Item(ast.StringTerm(string(name)), ast.NewTerm(name)))
		}
	}
	module := ast.MustParseModuleWithOpts("package asked\nresult contains {} if { true }", options)
	module.Rules[0].Head.Key, module.Rules[0].Body = ast.ObjectTerm(pairs...), body
	c.modules["question.rego"] = module
	if test.Data != nil {
		c.data = *test.Data
	}
	switch {
	case test.InputTerm != nil:
		c.input = ast.MustParseTerm(*test.InputTerm)
	case test.Input != nil:
		c.input = ast.NewTerm(ast.MustInterfaceToValue(*test.Input))
	}
	return c, c.compile()
}
