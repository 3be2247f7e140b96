package gator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/manifest"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect/gatekeeper"
)

// Options say which suites to run.
type Options struct {
	// Names are files of suites, and directories with suites anywhere below.
	Names []string
	// Filter chooses tests and cases; the zero value chooses all.
	Filter Filter
	// Progress is called after each suite; nil for nobody.
	Progress func(done, total int)
}

// deadline bounds the judging of one object: more than in a cluster, because
// tests run on busy machines.
const deadline = 10 * time.Second

// Run runs the suites and returns how they ended, in the order of their files. It
// ends early, with the error of ctx, when ctx does.
func Run(ctx context.Context, options Options) ([]*SuiteResult, error) {
	results := readSuites(options.Names)
	for i, result := range results {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		start := time.Now()
		switch {
		case result.Err != nil:
		case result.suite.Skip:
			result.Skipped = true
		default:
			for t := range result.suite.Tests {
				run := &testRun{suite: result.suite, test: &result.suite.Tests[t], filter: options.Filter}
				result.Tests = append(result.Tests, run.run(ctx))
			}
		}
		result.Duration = time.Since(start)
		if options.Progress != nil {
			options.Progress(i+1, len(results))
		}
	}
	return results, nil
}

// testRun is the running of one test.
type testRun struct {
	suite  *Suite
	test   *Test
	filter Filter

	constraint *gatekeeper.Constraint
	expansions []expansion
	source     gatekeeper.Source // of the object that is being judged
	engine     *engine.Engine
	inventory  *engine.Inventory
	filled     map[schema.GroupKind][]*resource.Resource // by the case before
}

// run runs all cases of the test that the filter chooses.
func (r *testRun) run(ctx context.Context) TestResult {
	result := TestResult{Name: r.test.Name}
	if r.test.Skip || !r.filter.matchesTest(r.test) {
		result.Skipped = true
		return result
	}
	start := time.Now()
	invalid, err := r.prepare()
	switch {
	case err != nil:
		result.Err = err
	case r.test.Invalid && invalid == nil:
		result.Err = errors.New("the constraint fits its template, and the test says that it is invalid")
	case r.test.Invalid: // as it should be
	case invalid != nil:
		result.Err = invalid
	default:
		for i := range r.test.Cases {
			result.Cases = append(result.Cases, r.runCase(ctx, &r.test.Cases[i]))
		}
		result.Skipped = len(result.Cases) > 0 && !slices.ContainsFunc(result.Cases, func(c CaseResult) bool { return !c.Skipped })
	}
	result.Duration = time.Since(start)
	return result
}

// prepare reads the template and the constraint and compiles them. Invalid says
// why the constraint does not fit its template.
func (r *testRun) prepare() (invalid, err error) {
	if r.test.Template == "" {
		return nil, errors.New("template is missing; name the file of the ConstraintTemplate")
	}
	if r.test.Constraint == "" {
		return nil, errors.New("constraint is missing; name the file of the constraint")
	}
	object, err := readObject(r.suite, r.test.Template)
	if err != nil {
		return nil, err
	}
	if object.Resource.GroupKind() != gatekeeper.TemplateKind {
		return nil, fmt.Errorf("%s: %s is no ConstraintTemplate", object.Resource.Source.File, object.Resource.Kind)
	}
	template, wrong := gatekeeper.ReadTemplate(gatekeeper.NewDocument(object))
	if len(wrong) > 0 {
		return nil, wrong[0]
	}
	if object, err = readObject(r.suite, r.test.Constraint); err != nil {
		return nil, err
	}
	if kind := object.Resource.GroupKind(); !gatekeeper.IsConstraint(kind) || kind.Kind != template.Kind {
		return nil, fmt.Errorf("%s: %s is no constraint of the template, whose kind is %s", object.Resource.Source.File, kind, template.Kind)
	}
	document := gatekeeper.NewDocument(object).ForSuite()
	if r.constraint, wrong = gatekeeper.ReadConstraint(document, template); len(wrong) > 0 {
		if misfit := document.Misfit(); misfit != nil {
			return misfit, nil
		}
		return nil, wrong[0]
	}
	if r.expansions, err = readExpansions(r.suite, r.test.Expansion); err != nil {
		return nil, err
	}
	return nil, r.compile()
}

// compile compiles the constraint.
func (r *testRun) compile() error {
	files, err := gatekeeper.Files(r.constraint, func() gatekeeper.Source { return r.source })
	if err != nil {
		return err
	}
	set, wrong := rule.NewSet(files)
	if len(wrong) > 0 {
		return wrong[0]
	}
	r.inventory = engine.NewInventoryAsWritten()
	r.engine, wrong, err = engine.New(set, engine.Options{Inventory: r.inventory, CacheSize: -1, Deadline: deadline})
	if len(wrong) > 0 {
		return wrong[0]
	}
	return err
}

// runCase runs one case.
func (r *testRun) runCase(ctx context.Context, one *Case) CaseResult {
	result := CaseResult{Name: one.Name}
	if one.Skip || !r.filter.matchesCase(r.test, one) {
		result.Skipped = true
		return result
	}
	start := time.Now()
	result.Messages, result.Err = r.judge(ctx, one)
	for i := range one.Assertions {
		if result.Err == nil {
			result.Err = one.Assertions[i].check(result.Messages)
		}
	}
	result.Duration = time.Since(start)
	return result
}

// judge returns the messages of all violations of a case's object.
func (r *testRun) judge(ctx context.Context, one *Case) ([]string, error) {
	if one.Object == "" {
		return nil, errors.New("object is missing; name the file of the object to judge")
	}
	if len(one.Assertions) == 0 {
		return nil, errors.New("there are no assertions; write what is expected, as in violations: no")
	}
	object, err := readObject(r.suite, one.Object)
	if err != nil {
		return nil, err
	}
	inventory, err := r.fill(one)
	if err != nil {
		return nil, err
	}
	if _, enforced := r.constraint.Actions[gatekeeper.PointGator]; !enforced {
		return nil, nil
	}
	r.source = gatekeeper.SourceOriginal
	messages, err := r.evaluate(ctx, inventory, object)
	if err != nil || object.Resource.Operation != resource.Scan { // gator expands no requests
		return messages, err
	}
	made, err := expand(r.expansions, object.Resource, 0)
	if err != nil {
		return nil, err
	}
	r.source = gatekeeper.SourceGenerated
	for _, each := range made {
		more, err := r.evaluate(ctx, inventory, asManifest(each.res))
		if err != nil {
			return nil, err
		}
		for _, message := range more {
			messages = append(messages, "[Implied by "+each.by+"] "+message)
		}
	}
	return messages, nil
}

// fill makes the objects of the case's inventory all that the template reads, and
// returns them.
func (r *testRun) fill(one *Case) ([]manifest.Object, error) {
	byKind := make(map[schema.GroupKind][]*resource.Resource)
	for kind := range r.filled {
		byKind[kind] = nil
	}
	var all []manifest.Object
	for _, name := range one.Inventory {
		objects, err := readObjects(r.suite, name)
		if err != nil {
			return nil, fmt.Errorf("inventory: %w", err)
		}
		all = append(all, objects...)
	}
	for _, object := range all {
		kind := object.Resource.GroupKind()
		byKind[kind] = append(byKind[kind], object.Resource)
	}
	for kind, objects := range byKind {
		if err := r.inventory.Replace(kind, objects); err != nil {
			return nil, fmt.Errorf("inventory: %w", err)
		}
	}
	r.filled = byKind
	return all, nil
}

// evaluate returns the messages of all violations of one object. What Gatekeeper
// cannot decide or evaluate is a violation to it.
func (r *testRun) evaluate(ctx context.Context, inventory []manifest.Object, object manifest.Object) ([]string, error) {
	res := manifest.Place(append(slices.Clone(inventory), object))[len(inventory)]
	if res.Identity.Namespace == "" { // gator leaves it without
		res.Namespace = nil
	}
	scope := engine.Admission
	if res.Operation == resource.Scan {
		scope = engine.Scan
	}
	matches, failures, err := r.engine.Evaluate(ctx, res, scope)
	if err != nil {
		return nil, err
	}
	var messages []string
	for _, match := range matches {
		messages = append(messages, match.Message)
	}
	for _, failure := range failures {
		switch failure.Cause {
		case finding.CauseMatch, finding.CauseEval:
			messages = append(messages, failure.Message)
		default:
			return nil, failure
		}
	}
	return messages, nil
}
