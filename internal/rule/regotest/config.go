package regotest

import (
	"bytes"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/types"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/kubereeve/reeve/internal/rule/source"
)

// The functions with which tests for conftest read manifests. They are there for tests
// alone: a rule reads what it is asked about.
var (
	parseConfig     = &ast.Builtin{Name: "parse_config", Decl: types.NewFunction(types.Args(types.S, types.S), anyObject)}
	parseConfigFile = &ast.Builtin{Name: "parse_config_file", Decl: types.NewFunction(types.Args(types.S), anyObject)}
	anyObject       = types.NewObject(nil, types.NewDynamicProperty(types.S, types.A))
)

// configBuiltins returns these functions. What they cannot do ends the test.
func configBuiltins(trees []source.Source) []*tester.Builtin {
	return []*tester.Builtin{
		{Decl: parseConfig, Func: rego.Function2(&rego.Function{Name: parseConfig.Name, Decl: parseConfig.Decl},
			func(_ rego.BuiltinContext, format, text *ast.Term) (*ast.Term, error) {
				return halting(parse(string(format.Value.(ast.String)), []byte(text.Value.(ast.String))))
			})},
		{Decl: parseConfigFile, Func: rego.Function1(&rego.Function{Name: parseConfigFile.Name, Decl: parseConfigFile.Decl},
			func(context rego.BuiltinContext, name *ast.Term) (*ast.Term, error) {
				file := filepath.Join(filepath.Dir(context.Location.File), filepath.FromSlash(string(name.Value.(ast.String))))
				content, err := read(trees, file)
				if err != nil {
					return halting(nil, err)
				}
				return halting(parse(strings.TrimPrefix(filepath.Ext(file), "."), content))
			})},
	}
}

func halting(term *ast.Term, err error) (*ast.Term, error) {
	if err != nil {
		return nil, rego.NewHaltError(err)
	}
	return term, nil
}

// read returns what is in a file of one of the trees. Tests read no others: whoever
// runs them may not know them.
func read(trees []source.Source, file string) ([]byte, error) {
	for _, tree := range trees {
		name, err := filepath.Rel(tree.Name, file)
		if name = filepath.ToSlash(name); err == nil && fs.ValidPath(name) {
			return fs.ReadFile(tree.FS, name)
		}
	}
	return nil, fmt.Errorf("%s: the file is not below a directory that is tested; test one that holds both", file)
}

// parse returns what YAML or JSON say: of several documents a list, as in conftest.
func parse(format string, text []byte) (*ast.Term, error) {
	switch format {
	case "yaml", "yml", "json":
	default:
		return nil, fmt.Errorf("tests of Reeve read yaml and json, not %q", format)
	}
	text = bytes.ReplaceAll(bytes.TrimPrefix(text, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
	parts := bytes.Split(text, []byte("\n---\n"))
	documents := make([]*ast.Term, len(parts))
	for i, part := range parts {
		var content any
		if err := util.Unmarshal(part, &content); err != nil {
			return nil, err
		}
		value, err := ast.InterfaceToValue(content)
		if err != nil {
			return nil, err
		}
		documents[i] = ast.NewTerm(value)
	}
	if len(documents) == 1 {
		return documents[0], nil
	}
	return ast.ArrayTerm(documents...), nil
}
