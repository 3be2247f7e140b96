package ruletest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect/kubescape"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// kubescapeCase is what a test of Kubescape's consists of.
const kubescapeCase = kubescape.TestFolder + "/<case>/" + kubescape.ExpectedFile + " and objects in " + kubescape.TestFolder + "/<case>/" + kubescape.ObjectsFolder

// expected is what a test of Kubescape's expects of its rule. Such tests are fixtures
// that say not only that the rule finds something, but what.
type expected struct {
	responses []kubescape.Response
	used      []bool            // by response: it is about some object
	inputs    *kubescape.Inputs // nil for the usual ones
}

// candidateTest takes a file for what a test of Kubescape's expects, and tells whether
// it is that.
func (t *run) candidateTest(tree source.Source, name string) bool {
	tests := path.Dir(path.Dir(name))
	if path.Base(name) != kubescape.ExpectedFile || path.Base(tests) != kubescape.TestFolder {
		return false
	}
	beside := t.owners.beside[filepath.Join(tree.Name, filepath.FromSlash(path.Dir(tests)))]
	i := slices.IndexFunc(beside, func(f rule.File) bool { return kubescape.IsRule(f.Rule) })
	if i < 0 {
		return false // the rule is passed over, or broken, which has been said
	}
	file := filepath.Join(tree.Name, filepath.FromSlash(name))
	t.subject(beside[i].Name, beside[i].Rule)
	t.fixtures = append(t.fixtures, &Fixture{File: file, Rule: beside[i].Rule, expected: &expected{}})
	return true
}

// readExpected reads what the test expects, and its inputs, and returns the directory
// of its objects.
func (f *Fixture) readExpected(text []byte) string {
	dir := filepath.Dir(f.File)
	var err error
	if f.expected.responses, err = kubescape.ReadResponses(text); err != nil {
		f.fail(0, "%s", err)
	}
	f.expected.used = make([]bool, len(f.expected.responses))
	f.Denied = len(f.expected.responses) > 0
	inputs := filepath.Join(dir, kubescape.InputsFile)
	content, err := os.ReadFile(inputs)
	if err == nil {
		f.expected.inputs, err = kubescape.ReadInputs(content)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.Failures = append(f.Failures, &rule.Problem{File: inputs, Message: plain(err).Error()})
	}
	return filepath.Join(dir, kubescape.ObjectsFolder)
}

// compareResponses holds what was found against the responses, object by object. Tests
// hold several of one name, to try what the rule says of each.
func (f *Fixture) compareResponses(resources []*resource.Resource) {
	compared := make(map[resource.Identity]bool)
	for _, res := range resources {
		if !compared[res.Identity] {
			compared[res.Identity] = true
			f.compareObject(res)
		}
	}
	for i, used := range f.expected.used {
		if !used {
			f.fail(0, "response %d is about none of the objects in %s: %s", i+1, kubescape.ObjectsFolder, f.expected.responses[i])
		}
	}
}

// compareObject holds what was found about an object against the responses that are
// about it. As in Kubescape's own tests, messages may differ.
func (f *Fixture) compareObject(res *resource.Resource) {
	unexpected := slices.DeleteFunc(slices.Clone(f.Findings), func(found finding.Finding) bool { return found.Resource != res.Identity })
	for i, response := range f.expected.responses {
		violation, about, err := response.About(res, f.Rule)
		if err != nil {
			f.fail(0, "response %d: %s", i+1, err)
		}
		if !about {
			continue
		}
		f.expected.used[i] = true
		at := slices.IndexFunc(unexpected, func(found finding.Finding) bool { return found.Path == violation.Path })
		if at < 0 {
			f.fail(0, "%s does not find what is expected of %s%s\n%s", f.Rule.ID, res.Identity, f.unlessJudged(res), placed(violation.Path, violation.Message))
			continue
		}
		unexpected = slices.Delete(unexpected, at, at+1)
	}
	for _, found := range unexpected {
		f.fail(0, "%s finds what is not expected of %s\n%s", f.Rule.ID, res.Identity, placed(found.Path, found.Message))
	}
}

// unlessJudged says why nothing is found about an object, if the rule never judges it.
func (f *Fixture) unlessJudged(res *resource.Resource) string {
	if f.Rule.Judges(res.GroupKind()) {
		return ""
	}
	return fmt.Sprintf(", as it does not judge apiVersion %s of this kind", res.APIVersion)
}

// placed returns a message with the path that it is about.
func placed(path, message string) string {
	if path == "" {
		return "no path: " + message
	}
	return fmt.Sprintf("%s: %s", path, message)
}
