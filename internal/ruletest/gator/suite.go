// Package gator runs the test suites of Gatekeeper's gator: files of kind Suite
// that say which objects violate which constraints.
package gator

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/manifest"
)

// Suite is one file of tests. Paths in it begin at its directory.
type Suite struct {
	File  string
	Tests []Test `json:"tests"`
	Skip  bool   `json:"skip"`
}

// Test is one constraint with its template, and the cases that it judges.
type Test struct {
	Name       string `json:"name"`
	Template   string `json:"template"`
	Constraint string `json:"constraint"`
	Expansion  string `json:"expansion"`
	Cases      []Case `json:"cases"`
	// Invalid says that the constraint must not fit its template.
	Invalid bool `json:"invalid"`
	Skip    bool `json:"skip"`
}

// Case is one object, the objects that are in the cluster already, and what the
// constraint says of the object.
type Case struct {
	Name       string      `json:"name"`
	Object     string      `json:"object"`
	Inventory  []string    `json:"inventory"`
	Assertions []Assertion `json:"assertions"`
	Skip       bool        `json:"skip"`
}

// suiteKind is the kind of suites.
var suiteKind = schema.GroupKind{Group: "test.gatekeeper.sh", Kind: "Suite"}

// readSuites reads the suites of the named files and below the named directories,
// in the order of their names. What is wrong with a file is its suite's error.
func readSuites(names []string) []*SuiteResult {
	var results []*SuiteResult
	seen := make(map[string]bool)
	add := func(file string, named bool) {
		if clean := filepath.Clean(file); !seen[clean] {
			seen[clean] = true
			results = append(results, readFile(file, named)...)
		}
	}
	for _, name := range names {
		info, err := os.Stat(name)
		switch {
		case err != nil:
			results = append(results, &SuiteResult{File: name, Err: plain(err)})
			continue
		case !info.IsDir():
			add(name, true)
			continue
		}
		before := len(results)
		err = filepath.WalkDir(name, func(file string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				results = append(results, &SuiteResult{File: file, Err: plain(err)})
				if entry != nil && entry.IsDir() {
					return fs.SkipDir
				}
			case !entry.IsDir() && slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(file)):
				add(file, false)
			}
			return nil
		})
		if err != nil { // the function itself never fails
			results = append(results, &SuiteResult{File: name, Err: plain(err)})
		}
		if len(results) == before {
			results = append(results, &SuiteResult{File: name, Err: errors.New("no suite in this directory; suites are files of apiVersion test.gatekeeper.sh/v1alpha1 and kind Suite")})
		}
	}
	return results
}

// readFile reads the suites of a file. One that holds none is an error only when
// it was named.
func readFile(file string, named bool) []*SuiteResult {
	content, err := readRegular(file)
	if err != nil {
		if named || !errors.Is(err, errIrregular) {
			return []*SuiteResult{{File: file, Err: err}}
		}
		return nil
	}
	if !named && !bytes.Contains(content, []byte(suiteKind.Group)) {
		return nil
	}
	var results []*SuiteResult
	read := manifest.Parse(file, content)
	for _, object := range read.Objects {
		if object.Resource.GroupKind() == suiteKind {
			results = append(results, readSuite(file, object.Resource.Object))
		}
	}
	switch {
	case len(results) > 0:
		return results
	case len(read.Problems) > 0:
		problem := read.Problems[0]
		return []*SuiteResult{{File: file, Err: fmt.Errorf("line %d: %s", problem.Line, problem.Message)}}
	case named:
		return []*SuiteResult{{File: file, Err: errors.New("there is no suite in it; write apiVersion test.gatekeeper.sh/v1alpha1 and kind Suite")}}
	}
	return nil
}

// readSuite reads one suite.
func readSuite(file string, raw jsontext.Value) *SuiteResult {
	suite := &Suite{File: file}
	result := &SuiteResult{File: file, suite: suite}
	if err := json.Unmarshal(raw, suite); err != nil {
		result.Err = suiteError(err)
	}
	return result
}

// suiteError says which field of a suite does not fit.
func suiteError(err error) error {
	semantic, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return err
	}
	field := strings.ReplaceAll(strings.TrimPrefix(string(semantic.JSONPointer), "/"), "/", ".")
	if semantic.Err != nil {
		return fmt.Errorf("%s: %w", field, semantic.Err)
	}
	return fmt.Errorf("%s: a %s does not fit here", field, semantic.JSONKind)
}

// errIrregular says that a file is none that can be read to its end.
var errIrregular = errors.New("this is not a regular file")

// readRegular reads a file, but no pipe: that would wait for ever.
func readRegular(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, plain(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errIrregular
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, plain(err)
	}
	return content, nil
}

// plain returns an error without the path, which stands in front already.
func plain(err error) error {
	pathError, ok := errors.AsType[*fs.PathError](err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("no such file or directory")
	case ok:
		return pathError.Err
	}
	return err
}
