package ruletest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/manifest"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// Fixture is one file that says what a rule allows or denies, and how the rule
// judged it. All its objects together are one small cluster.
type Fixture struct {
	File string
	Rule *rule.Rule
	// Denied is true for deny.*: the rule finds something.
	Denied bool
	// Parameters overlay the rule's defaults, from a line "# parameters: {JSON}"
	// among the comments at the top; nil for none.
	Parameters map[string]any
	// Findings are what the rule found, with the lines of the fixture.
	Findings []finding.Finding
	// Failures say why the fixture fails. Its first line says what, others what
	// was found.
	Failures []*rule.Problem

	objects []manifest.Object
	// expected is what a test of Kubescape's expects; nil for all other fixtures.
	expected *expected
}

// Name returns the name that Options.Run chooses by, as in
// privileged-container/deny.init-container.yaml.
func (f *Fixture) Name() string { return f.Rule.ID + "/" + f.Case() }

// Case returns the fixture's name without that of its rule.
func (f *Fixture) Case() string {
	if f.expected != nil {
		return filepath.Base(filepath.Dir(f.File))
	}
	return filepath.Base(f.File)
}

// Failed tells whether the rule judges the fixture otherwise than its name says.
func (f *Fixture) Failed() bool { return len(f.Failures) > 0 }

func (f *Fixture) fail(line int, format string, arguments ...any) {
	f.Failures = append(f.Failures, &rule.Problem{File: f.File, Line: line, Message: fmt.Sprintf(format, arguments...)})
}

// judgeFixtures reads and judges all fixtures that Run chooses.
func (t *run) judgeFixtures(ctx context.Context) error {
	inventory := engine.NewInventory()
	j, problems, err := newJudge(t.set, engine.Options{Inventory: inventory})
	if err != nil {
		return err
	}
	t.problems = append(t.problems, problems...)
	for _, fixture := range t.fixtures {
		if err := ctx.Err(); err != nil {
			return err
		}
		compiled := j.set.Rule(fixture.Rule.ID) != nil // that it did not has been said
		if compiled && (t.Run == nil || t.Run.MatchString(fixture.Name())) {
			subject := t.subject(fixture.Rule.File, fixture.Rule)
			subject.Fixtures = append(subject.Fixtures, fixture)
			if fixture.read(ctx); !fixture.Failed() {
				j.judge(ctx, fixture)
				t.sayIdle(fixture)
			}
		}
		t.progress.step()
	}
	return nil
}

// sayIdle warns of a fixture that holds nothing its rule judges.
func (t *run) sayIdle(f *Fixture) {
	judges := func(o manifest.Object) bool { return f.Rule.Judges(o.Resource.GroupKind()) }
	if !slices.ContainsFunc(f.objects, judges) && !f.Denied {
		t.note(rule.File{Name: f.Rule.File, Rule: f.Rule}, &rule.Problem{File: f.File,
			Message: fmt.Sprintf("no object is of a kind that %s judges (%s), so it tests nothing", f.Rule.ID, kindsOf(f.Rule))})
	}
}

// read reads the fixture's parameters and objects.
func (f *Fixture) read(ctx context.Context) {
	info, err := os.Stat(f.File)
	if err == nil && !info.Mode().IsRegular() { // reading a pipe would wait for ever
		f.fail(0, "this is not a regular file; rename or remove it")
		return
	}
	text, err := os.ReadFile(f.File)
	if err != nil {
		f.fail(0, "cannot be read: %s", plain(err))
		return
	}
	objects := f.File
	if f.expected != nil {
		objects = f.readExpected(text)
	} else {
		f.readParameters(text)
	}
	read := manifest.Read(ctx, []string{objects}, manifest.Options{})
	for _, problem := range read.Problems {
		f.Failures = append(f.Failures, &rule.Problem{File: problem.File, Line: problem.Line, Message: problem.Message})
	}
	f.objects = read.Objects
}

// plain returns an error without the path, which stands in front already.
func plain(err error) error {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return pathError.Err
	}
	return err
}

// parametersPrefix begins the line, among the comments at the top of a fixture,
// that sets the rule's parameters.
const parametersPrefix = "# parameters:"

// readParameters reads and checks the fixture's parameters.
func (f *Fixture) readParameters(text []byte) {
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		number++
		if !strings.HasPrefix(line, "#") {
			return
		}
		value, found := strings.CutPrefix(line, parametersPrefix)
		if !found {
			continue
		}
		if err := json.Unmarshal([]byte(value), &f.Parameters); err != nil {
			f.fail(number, "%s wants a JSON object on the same line, as in %[1]s {\"max\": 3}: %s", parametersPrefix, err)
			return
		}
		for _, name := range slices.Sorted(maps.Keys(f.Parameters)) {
			if parameter, known := f.Rule.Parameters[name]; !known {
				f.fail(number, "%s has no parameter %q", f.Rule.ID, name)
			} else if err := parameter.Check(f.Parameters[name]); err != nil {
				f.fail(number, "parameter %s: %s", name, err)
			}
		}
		return
	}
}

// Options returns engine options with the fixture's parameters.
func (f *Fixture) Options(options engine.Options) engine.Options {
	if f.Parameters != nil {
		options.Parameters = map[string]map[string]any{f.Rule.ID: f.Parameters}
	}
	return options
}

// standsAlone tells whether the fixture wants other parameters or inputs than the
// other fixtures, and so an engine of its own.
func (f *Fixture) standsAlone() bool {
	return f.Parameters != nil || f.expected != nil && f.expected.inputs != nil
}

// Set returns the rules to judge a fixture with: the whole set, or the fixture's
// rule alone where it has parameters or inputs of its own.
func (f *Fixture) Set(set *rule.Set) *rule.Set {
	if !f.standsAlone() {
		return set
	}
	own := set.Filter(func(r *rule.Rule) bool { return r.ID == f.Rule.ID })
	if f.Parameters != nil {
		return own
	}
	own, _ = rule.NewSet(f.expected.inputs.Over(own.Files())) // ids were unique before
	return own
}

// Resources returns the fixture's objects where they would be in a cluster.
func (f *Fixture) Resources() []*resource.Resource { return manifest.Place(f.objects) }
