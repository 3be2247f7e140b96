package regotest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// explained bounds how many failed tests are run again to see where they fail:
// a trace takes much memory.
const explained = 20

// explain runs failed tests once more, traced, and returns where each fails and
// with which values, by its full name.
func explain(ctx context.Context, made *maker, ended []*tester.Result) (map[string]string, error) {
	var refs []ast.Ref
	for _, result := range ended {
		if result.Fail && len(refs) < explained {
			refs = append(refs, ast.MustParseRef(result.Package).Append(ast.StringTerm(result.Name)))
		}
	}
	if len(refs) == 0 {
		return nil, nil
	}
	again, err := collect(ctx, made.runner(refs).EnableTracing(true), nil)
	if err != nil {
		return nil, err
	}
	reasons := make(map[string]string, len(again))
	for _, result := range again {
		reasons[result.Package+"."+result.Name] = reason(result)
	}
	return reasons, nil
}

// reason describes the last expression of the test's own file that did not
// hold.
func reason(result *tester.Result) string {
	for _, event := range slices.Backward(result.Trace) {
		if event.Op != topdown.FailOp || event.Location == nil || event.Location.File != result.Location.File || event.QueryID == 0 {
			continue
		}
		if expr, ok := event.Node.(*ast.Expr); ok && expr.IsEvery() {
			continue // what matters is within
		}
		return describe(event)
	}
	return ""
}

// valueLength bounds each value that is shown, in bytes.
const valueLength = 2000

// describe returns the text of the expression that did not hold and, below it,
// the values it was given.
func describe(event *topdown.Event) string {
	lines := []string{fmt.Sprintf("line %d does not hold:", event.Location.Row)}
	lines = append(lines, dedented(string(event.Location.Text), event.Location.Col)...)
	expr, ok := event.Node.(*ast.Expr)
	if !ok {
		return strings.Join(lines, "\n")
	}
	seen := make(map[ast.Var]bool)
	ast.WalkTerms(expr, func(term *ast.Term) bool {
		name, ok := term.Value.(ast.Var)
		if !ok || seen[name] {
			return false
		}
		seen[name] = true
		value := event.Locals.Get(name)
		if value == nil {
			return false
		}
		written := string(event.LocalMetadata[name].Name)
		if written == "" || strings.HasPrefix(written, ast.LocalVarPrefix) {
			written = "its value"
		}
		text := value.String()
		if len(text) > valueLength {
			text = strings.ToValidUTF8(text[:valueLength], "") + "..."
		}
		lines = append(lines, written+" is "+text)
		return false
	})
	return strings.Join(lines, "\n")
}

// dedented returns the lines of an expression that begins in a column, from 1,
// with its further lines moved as far to the left.
func dedented(text string, column int) []string {
	lines := strings.Split(text, "\n")
	for i, line := range lines[1:] {
		indent := 0
		for indent < len(line) && indent < column-1 && (line[indent] == ' ' || line[indent] == '\t') {
			indent++
		}
		lines[i+1] = strings.ReplaceAll(line[indent:], "\t", "  ")
	}
	return lines
}
