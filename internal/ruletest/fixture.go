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
	"time"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/manifest"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
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
}

// Name returns the name that Options.Run chooses by, as in
// privileged-container/deny.init-container.yaml.
func (f *Fixture) Name() string { return f.Rule.ID + "/" + filepath.Base(f.File) }

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
	f.readParameters(text)
	read := manifest.Read(ctx, []string{f.File}, manifest.Options{})
	for _, problem := range read.Problems {
		f.fail(problem.Line, "%s", problem.Message)
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

// Set returns the rules to judge a fixture with: the whole set, or the fixture's
// rule alone where it has parameters of its own, as each needs an engine then.
func (f *Fixture) Set(set *rule.Set) *rule.Set {
	if f.Parameters == nil {
		return set
	}
	return set.Filter(func(r *rule.Rule) bool { return r.ID == f.Rule.ID })
}

// Resources returns the fixture's objects where they would be in a cluster.
func (f *Fixture) Resources() []*resource.Resource { return manifest.Place(f.objects) }

// judge judges fixtures by the rules of one set.
type judge struct {
	set       *rule.Set
	inventory *engine.Inventory
	reviewer  *review.Reviewer
}

// deadline bounds the judging of one object: more than in a cluster, because
// tests run on busy machines.
const deadline = 10 * time.Second

// newJudge compiles a set. Rules that do not compile are returned as problems.
func newJudge(set *rule.Set, options engine.Options) (*judge, []*rule.Problem, error) {
	options.CacheSize, options.Deadline = -1, deadline
	e, problems, err := engine.New(set, options)
	if err != nil {
		return nil, nil, err
	}
	policy, err := review.PolicyOf()
	if err != nil {
		return nil, nil, err
	}
	return &judge{set: e.Set(), inventory: options.Inventory, reviewer: review.New(e, policy)}, problems, nil
}

// judge judges one fixture: its rule has to find what its name says, and no
// rule may fail on its objects.
func (j *judge) judge(ctx context.Context, f *Fixture) {
	if f.Parameters != nil {
		own, _, err := newJudge(f.Set(j.set), f.Options(engine.Options{Inventory: j.inventory}))
		if err != nil {
			f.fail(0, "%s", err)
			return
		}
		j = own
	}
	resources := f.Resources()
	if err := j.inventory.Fill(j.set.Needs(), resources); err != nil {
		f.fail(0, "%s", err)
		return
	}
	said := make(map[string]bool)
	var locator manifest.Locator
	for i, res := range resources {
		verdict, err := j.reviewer.Review(ctx, asked(res, f.Rule))
		if err != nil {
			f.fail(res.Source.Line, "%s", err)
			continue
		}
		for _, failure := range verdict.Errors {
			if text := failure.Error(); !said[text] {
				said[text] = true
				f.fail(res.Source.Line, "%s", text)
			}
		}
		for _, found := range verdict.Findings {
			if found.Rule == f.Rule.ID {
				found.Source = &resource.Source{File: f.File, Line: locator.Line(f.objects[i], found.Path)}
				f.Findings = append(f.Findings, found)
			}
		}
	}
	f.compare()
}

// compare holds what was found against what the name says.
func (f *Fixture) compare() {
	judges := func(o manifest.Object) bool { return f.Rule.Judges(o.Resource.GroupKind()) }
	switch {
	case !f.Denied && len(f.Findings) > 0:
		f.fail(f.Findings[0].Source.Line, "%s finds something, and the name of the file says that it does not\n%s", f.Rule.ID, lines(f.Findings))
	case !f.Denied || len(f.Findings) > 0 || f.Failed(): // a rule that failed need not be blamed again
	case !slices.ContainsFunc(f.objects, judges):
		f.fail(0, "%s finds nothing: no object is of a kind that it judges (%s)", f.Rule.ID, kindsOf(f.Rule))
	default:
		f.fail(0, "%s finds nothing, and the name of the file says that it does", f.Rule.ID)
	}
}

// kindsOf names the kinds that a rule judges.
func kindsOf(r *rule.Rule) string {
	var names []string
	if r.Template {
		names = append(names, "kinds with a pod template")
	}
	for _, kind := range r.Kinds {
		if _, isWorkload := resource.TemplatePath(kind); !r.Template || !isWorkload {
			names = append(names, kind.Kind)
		}
	}
	return strings.Join(names, ", ")
}

// asked returns an object the way its rule is asked about it: rules that do not
// scan see it being created.
func asked(res *resource.Resource, r *rule.Rule) *resource.Resource {
	if r.At(finding.DoorScan) {
		return res
	}
	created := *res
	created.Operation = resource.Create
	return &created
}
