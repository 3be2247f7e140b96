package ruletest

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/regotest"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// testdata is the directory of fixtures beside a rule.
const testdata = "testdata"

// extensions are those of fixtures.
var extensions = []string{".yaml", ".yml", ".json"}

// owners tells which rule a test or a fixture belongs to: it lies beside it.
type owners struct {
	files   map[string]rule.File   // by name
	beside  map[string][]rule.File // rules by directory
	broken  map[string]bool        // files with problems
	unclear map[string]bool        // directories with broken files
}

func newOwners(files []rule.File, problems []*rule.Problem) owners {
	o := owners{files: make(map[string]rule.File), beside: make(map[string][]rule.File), broken: make(map[string]bool), unclear: make(map[string]bool)}
	for _, file := range files {
		o.files[file.Name] = file
		if file.Rule != nil {
			dir := filepath.Dir(file.Name)
			o.beside[dir] = append(o.beside[dir], file)
		}
	}
	for _, problem := range problems {
		o.broken[problem.File] = true
		if strings.HasSuffix(problem.File, ".rego") && !strings.HasSuffix(problem.File, regotest.Suffix) {
			o.unclear[filepath.Dir(problem.File)] = true
		}
	}
	return o
}

// ofTest returns the file that a test file tests: the one it is named after, or
// the only rule beside it, or itself.
func (o owners) ofTest(name string) (string, *rule.Rule) {
	if file, found := o.files[strings.TrimSuffix(name, regotest.Suffix)+".rego"]; found {
		return file.Name, file.Rule
	}
	if file, found := o.files[name]; found { // tests within a rule's own file
		return file.Name, file.Rule
	}
	if rules := o.beside[filepath.Dir(name)]; len(rules) == 1 {
		return rules[0].Name, rules[0].Rule
	}
	return name, nil
}

// ofBrokenRule tells whether a test file tests a rule that did not load.
func (o owners) ofBrokenRule(name string) bool {
	return o.broken[strings.TrimSuffix(name, regotest.Suffix)+".rego"]
}

// ofFixture returns the rule of a fixture in dir/testdata, or in a directory
// below that is named after a rule, which tells the rules of one directory
// apart.
func (o owners) ofFixture(dir, below string) (rule.File, error) {
	rules := o.beside[dir]
	switch {
	case below != "":
		i := slices.IndexFunc(rules, func(f rule.File) bool {
			return f.Rule.ID == strings.ReplaceAll(below, "_", "-")
		})
		if i >= 0 {
			return rules[i], nil
		}
		return rule.File{}, fmt.Errorf("no rule called %s stands beside testdata; nothing runs this fixture", below)
	case len(rules) == 1:
		return rules[0], nil
	case len(rules) == 0:
		return rule.File{}, fmt.Errorf("no rule stands beside testdata; nothing runs this fixture")
	}
	return rule.File{}, fmt.Errorf("%d rules stand beside testdata; put the fixture into testdata/<rule_id>/", len(rules))
}

// findFixtures finds the fixtures of a tree.
func (t *run) findFixtures(tree source.Source) {
	_ = fs.WalkDir(tree.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && entry != nil && entry.IsDir():
			if inside(name) {
				t.problems = append(t.problems, &rule.Problem{File: filepath.Join(tree.Name, name), Message: "cannot be read: " + err.Error()})
			}
			return fs.SkipDir // else the loader of rules names it
		case err != nil:
			return nil //nolint:nilerr // the loader of rules names it
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".."):
			return fs.SkipDir
		case !entry.IsDir() && t.candidateTest(tree, name):
			return nil
		case entry.IsDir() || !inside(name) || strings.HasPrefix(entry.Name(), "."):
			return nil
		}
		t.candidate(tree, name)
		return nil
	})
}

// inside tells whether a path leads into a testdata directory.
func inside(name string) bool {
	return slices.Contains(strings.Split(name, "/"), testdata)
}

// candidate takes a file in testdata for a fixture, or for a stray.
func (t *run) candidate(tree source.Source, name string) {
	steps := strings.Split(name, "/")
	at := slices.Index(steps, testdata)
	dir := filepath.Join(tree.Name, filepath.FromSlash(path.Join(steps[:at]...)))
	if t.owners.unclear[dir] {
		return // a rule there is broken, which has been said
	}
	file := filepath.Join(tree.Name, filepath.FromSlash(name))
	denied, isFixture := expectation(path.Base(name))
	below := steps[at+1 : len(steps)-1]
	switch {
	case !isFixture && len(below) == 0 && len(t.owners.beside[dir]) > 0:
		t.stray(file, "a fixture is named allow.<case>.yaml or deny.<case>.yaml; nothing runs this file")
		return
	case !isFixture:
		return // data of something else
	case len(below) > 1:
		t.stray(file, "the fixture lies too deep; put it into testdata, or into testdata/<rule_id>/")
		return
	}
	owner, err := t.owners.ofFixture(dir, strings.Join(below, ""))
	if err != nil {
		t.stray(file, err.Error())
		return
	}
	fixture := &Fixture{File: file, Rule: owner.Rule, Denied: denied}
	t.subject(owner.Name, owner.Rule)
	t.fixtures = append(t.fixtures, fixture)
}

// expectation reads a fixture's name: whether its rule finds something, and
// whether it is one at all.
func expectation(name string) (denied, isFixture bool) {
	word, _, _ := strings.Cut(name, ".")
	return word == "deny", (word == "deny" || word == "allow") && slices.Contains(extensions, path.Ext(name))
}

func (t *run) stray(file, message string) {
	if t.Run != nil {
		return
	}
	t.strays = append(t.strays, &rule.Problem{File: file, Message: message})
}
