package dialect

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/loader"

	"github.com/kubereeve/reeve/internal/rule"
)

// ReadData reads files, and directories recursively, of YAML and JSON as conftest
// does with --data: what they hold is below data, in the place that its directory
// has, and what several have in one place is one. Paths that cannot be read, or say
// something else than one before, are left out and named.
func ReadData(paths ...string) ([]rule.DataDocument, []*rule.Problem) {
	all := ast.NewObject()
	var problems []*rule.Problem
	for _, path := range paths {
		read, err := readData(path)
		if err != nil {
			problems = append(problems, &rule.Problem{File: path, Message: fmt.Sprintf("the data for conftest rules cannot be read: %v", err)})
			continue
		}
		if place := collision(ast.DefaultRootRef, all, read); place != nil {
			problems = append(problems, &rule.Problem{File: path, Message: fmt.Sprintf("the data for conftest rules were left out: %s is in others that were given, too; keep it in one", place)})
			continue
		}
		all, _ = all.Merge(read)
	}
	documents := make([]rule.DataDocument, 0, all.Len())
	all.Foreach(func(name, value *ast.Term) {
		documents = append(documents, rule.DataDocument{Path: ast.DefaultRootRef.Append(name), Value: value.Value})
	})
	return documents, problems
}

// readData reads a file or a directory.
func readData(path string) (ast.Object, error) {
	loaded, err := loader.NewFileLoader().Filtered([]string{path}, notData)
	if err != nil {
		return nil, err
	}
	value, err := ast.InterfaceToValue(loaded.Documents)
	if err != nil {
		return nil, err
	}
	return value.(ast.Object), nil
}

// notData leaves out what conftest does not read: archives would be OPA's bundles.
func notData(_ string, info fs.FileInfo, _ int) bool {
	return !info.IsDir() && !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(info.Name()))
}

// collision returns the first place below at where two objects say something that
// cannot be one, nil where there is none.
func collision(at ast.Ref, a, b ast.Object) ast.Ref {
	for _, key := range b.Keys() {
		known := a.Get(key)
		if known == nil {
			continue
		}
		place := at.Append(key)
		below, isObject := known.Value.(ast.Object)
		more, areObjects := b.Get(key).Value.(ast.Object)
		if !isObject || !areObjects {
			return place
		}
		if deeper := collision(place, below, more); deeper != nil {
			return deeper
		}
	}
	return nil
}

// DataFile returns the file or directory that a path means to ReadData: it may say
// before it where its data belongs, as in limits:conf/limits.yaml.
func DataFile(path string) string {
	_, file := loader.SplitPrefix(path)
	return strings.TrimPrefix(file, "file://")
}
