package dialect

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/loader"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/kubereeve/reeve/internal/rule"
)

// ReadData reads files, and directories recursively, of YAML and JSON as conftest
// does with --data: what they hold is below data, in the place that its directory
// has, and what several have in one place is one. Paths that cannot be read, or say
// something else than one before, are left out and named.
func ReadData(paths ...string) ([]rule.DataDocument, []*rule.Problem) {
	all := joined{ast.NewObject()}
	var problems []*rule.Problem
	for _, path := range paths {
		read, err := readData(path)
		if err != nil {
			problems = append(problems, &rule.Problem{File: path, Message: fmt.Sprintf("the data for conftest rules cannot be read: %v", err)})
			continue
		}
		if place := all.add(read); place != nil {
			problems = append(problems, &rule.Problem{File: path, Message: fmt.Sprintf("the data for conftest rules were left out: %s is in others that were given, too; keep it in one", place)})
		}
	}
	return all.documents(), problems
}

// joined is what several files say below data.
type joined struct{ ast.Object }

// add adds what one more says, or returns the first place where it says something
// that cannot be one with the others.
func (j *joined) add(more ast.Object) ast.Ref {
	if place := collision(ast.DefaultRootRef, j.Object, more); place != nil {
		return place
	}
	j.Object, _ = j.Merge(more)
	return nil
}

// documents returns everything, by the names below data.
func (j *joined) documents() []rule.DataDocument {
	documents := make([]rule.DataDocument, 0, j.Len())
	j.Foreach(func(name, value *ast.Term) {
		documents = append(documents, rule.DataDocument{Path: ast.DefaultRootRef.Append(name), Value: value.Value})
	})
	return documents
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

// withBundled returns data and that of a bundle: what data.json and data.yaml hold is
// below data, in the place that their directory has, as OPA reads them. Those that
// cannot be read, or do not go together, are left out and named.
func withBundled(given []rule.DataDocument, documents []*rule.Document, tree string) ([]rule.DataDocument, []*rule.Problem) {
	all := joined{ast.NewObject()}
	for _, data := range given {
		all.Insert(data.Path[1], ast.NewTerm(data.Value))
	}
	var problems []*rule.Problem
	for _, document := range documents {
		if !document.Bundled || document.Tree != tree || document.Claimed || !isBundleData(document.Path) {
			continue
		}
		object, err := bundleData(document)
		if err == nil {
			if place := all.add(object); place != nil {
				err = fmt.Errorf("%s is in others, too; keep it in one", place)
			}
		}
		if err != nil {
			problems = append(problems, &rule.Problem{File: document.Name, Message: fmt.Sprintf("the data of the bundle were left out: %v", err)})
		}
	}
	return all.documents(), problems
}

// isBundleData tells whether a file is data as OPA reads it from bundles.
func isBundleData(file string) bool {
	return slices.Contains([]string{"data.json", "data.yaml", "data.yml"}, path.Base(file))
}

// bundleData returns what a file of a bundle says below data.
func bundleData(document *rule.Document) (ast.Object, error) {
	var content any
	if err := util.Unmarshal(document.Content, &content); err != nil {
		return nil, err
	}
	value, err := ast.InterfaceToValue(content)
	if err != nil {
		return nil, err
	}
	if directory := path.Dir(document.Path); directory != "." {
		for _, name := range slices.Backward(strings.Split(directory, "/")) {
			value = ast.NewObject(ast.Item(ast.StringTerm(name), ast.NewTerm(value)))
		}
	}
	object, ok := value.(ast.Object)
	if !ok {
		return nil, errors.New("it must be an object")
	}
	return object, nil
}
