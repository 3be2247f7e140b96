package ruletest

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/regotest"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// load reads rules, libraries, test files and the names of fixtures.
func load(options Options) (*run, error) {
	t := &run{Options: options, subjects: make(map[string]*Subject)}
	trees := sources(outermost(options.Dirs))
	readers := dialect.With(dialect.Options{Conftest: options.Conftest})
	set, problems := source.Load(readers, trees...)
	t.problems = problems
	t.tested = t.takeData(rule.WithoutUses(set.Files()))
	libraries, problems := source.Load(readers, sources(outermost(options.Libraries))...)
	t.problems = append(t.problems, problems...)
	t.addSupport(t.takeData(libraries.Files()))
	for _, tree := range trees {
		files, problems := regotest.Load(tree)
		t.tests, t.problems = append(t.tests, files...), append(t.problems, problems...)
		t.written = append(t.written, source.Modules(tree)...)
	}
	t.tests = append(t.tests, t.loneTests()...)
	for _, tree := range sources(outermost(options.Libraries)) {
		files, problems := regotest.Load(tree)
		t.addHelpers(files)
		t.problems = append(t.problems, problems...)
	}
	var builtin *rule.Set
	if options.Builtin.FS != nil {
		if builtin, problems = source.Load(dialect.All(), options.Builtin); len(problems) > 0 {
			return nil, fmt.Errorf("the rules that come with Reeve: %w", problems[0])
		}
		helpers, _ := regotest.Load(options.Builtin) // they parsed when Reeve was built
		t.addSupport(builtin.Files())
		t.addHelpers(helpers)
	}
	t.set, problems = rule.NewSet(slices.Concat(t.tested, onlyModules(t.support), t.data))
	t.problems = append(t.problems, problems...)
	t.problems = slices.DeleteFunc(t.problems, func(p *rule.Problem) bool { return p.PassedOver })
	t.owners = newOwners(t.tested, t.problems)
	for _, tree := range trees {
		t.findFixtures(tree)
	}
	for _, file := range t.found() {
		t.subject(file.Name, file.Rule)
	}
	if builtin != nil {
		t.sayTakenIDs(builtin)
	}
	return t, nil
}

// takeData keeps the files that hold nothing but data, and returns the others.
func (t *run) takeData(files []rule.File) []rule.File {
	isData := func(f rule.File) bool { return f.Module == nil && f.Rule == nil }
	for _, file := range files {
		if isData(file) {
			t.data = append(t.data, file)
		}
	}
	return slices.DeleteFunc(slices.Clone(files), isData)
}

// loneTests returns the files with tests that no rule needs and that are not named as
// tests, as some are beside the rules of other dialects.
func (t *run) loneTests() []rule.File {
	return slices.DeleteFunc(slices.Clone(t.written), func(f rule.File) bool {
		return len(regotest.Names(f)) == 0 || slices.ContainsFunc(t.tested, func(other rule.File) bool { return other.Name == f.Name })
	})
}

// found returns the files to test that somebody has written; dialects add others.
func (t *run) found() []rule.File {
	return slices.DeleteFunc(slices.Clone(t.tested), func(f rule.File) bool { return len(f.Source) == 0 })
}

// addSupport adds the libraries among files whose packages are not there yet.
func (t *run) addSupport(files []rule.File) {
	known := make(map[string]bool)
	for _, file := range slices.Concat(t.tested, t.tests, t.support) {
		known[file.Module.Package.Path.String()] = true
	}
	for _, file := range files {
		if file.Rule == nil && !known[file.Module.Package.Path.String()] {
			t.support = append(t.support, file)
		}
	}
}

// addHelpers adds the test files without tests, which other tests import.
func (t *run) addHelpers(files []rule.File) {
	t.addSupport(slices.DeleteFunc(files, func(f rule.File) bool { return len(regotest.Names(f)) > 0 }))
}

// onlyModules returns the files that rules import; those of tests are not for
// the engine.
func onlyModules(files []rule.File) []rule.File {
	return slices.DeleteFunc(slices.Clone(files), func(f rule.File) bool { return strings.HasSuffix(f.Name, regotest.Suffix) })
}

// sayTakenIDs warns of rules that would not load beside the built-in ones.
func (t *run) sayTakenIDs(builtin *rule.Set) {
	for _, file := range t.tested {
		if file.Rule == nil {
			continue
		}
		other := builtin.Rule(file.Rule.ID)
		if other != nil && !other.Package.Equal(file.Rule.Package) {
			t.warn(file, "the id is taken by a rule that comes with Reeve (%s); rename the package, or run with --no-builtin", other.File)
		}
	}
}

// outermost returns directories without those that lie below another.
func outermost(dirs []string) []string {
	var kept []string
	for i, dir := range dirs {
		inside := slices.ContainsFunc(dirs, func(other string) bool {
			below, err := filepath.Rel(other, dir)
			return err == nil && below != "." && below != ".." && !strings.HasPrefix(below, ".."+string(filepath.Separator))
		})
		again := slices.ContainsFunc(dirs[:i], func(other string) bool { return filepath.Clean(other) == filepath.Clean(dir) })
		if !inside && !again {
			kept = append(kept, dir)
		}
	}
	return kept
}

func sources(dirs []string) []source.Source {
	trees := make([]source.Source, len(dirs))
	for i, dir := range dirs {
		trees[i] = source.Directory(dir)
	}
	return trees
}
