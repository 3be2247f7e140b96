package ruletest

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect/kubescape"
	"github.com/kubereeve/reeve/internal/rule/regotest"
)

// runTests runs the Rego tests and gives each to the rule it belongs to. Tests
// of rules that did not load or compile are left out: they could only repeat it.
func (t *run) runTests(ctx context.Context) error {
	broken := t.broken()
	whole := func(files []rule.File) []rule.File {
		return slices.DeleteFunc(slices.Clone(files), func(f rule.File) bool {
			return broken[f.Name] || t.owners.ofBrokenRule(f.Name) || broken[t.ownerOf(f.Name)]
		})
	}
	options := regotest.Options{
		Files: whole(slices.Concat(t.tested, t.support)), Tests: whole(t.tests), Written: whole(t.written),
		Documents: t.documents(), Trees: sources(outermost(slices.Concat(t.Dirs, t.Libraries))), Done: t.progress.step,
	}
	if t.Run != nil {
		options.Want = t.wantsTest
	}
	result, err := regotest.Run(ctx, options)
	if err != nil {
		return err
	}
	t.problems = append(t.problems, result.Problems...)
	for _, test := range result.Tests {
		file, r := t.owners.ofTest(test.File)
		subject := t.subject(file, r)
		subject.Tests = append(subject.Tests, test)
	}
	if t.Run != nil {
		return nil
	}
	for _, file := range t.found() {
		if coverage, measured := result.Coverage[file.Name]; measured {
			t.subject(file.Name, file.Rule).Coverage = &coverage
		}
	}
	return nil
}

// documents returns the data that rules read, as they are written and where the rules
// have been moved to.
func (t *run) documents() []rule.DataDocument {
	documents := slices.Clone(t.Conftest.Data)
	for _, file := range t.data {
		documents = append(documents, file.Documents...)
	}
	return documents
}

// broken returns the files with problems.
func (t *run) broken() map[string]bool {
	files := make(map[string]bool)
	for _, problem := range t.problems {
		files[problem.File] = true
	}
	return files
}

func (t *run) ownerOf(test string) string {
	file, _ := t.owners.ofTest(test)
	return file
}

// wantsTest tells whether Run chooses a test.
func (t *run) wantsTest(file, name string) bool {
	owner, r := t.owners.ofTest(file)
	return t.Run.MatchString(t.subject(owner, r).Name + "/" + name)
}

// countTests returns how many Rego tests there are to run.
func (t *run) countTests() int {
	count := 0
	for _, file := range slices.Concat(t.tested, t.tests) {
		for _, name := range regotest.Names(file) {
			if !t.FixturesOnly && (t.Run == nil || t.wantsTest(file.Name, name)) {
				count++
			}
		}
	}
	return count
}

// hasTestFile tells whether there are tests of a file, even if they are broken.
func (t *run) hasTestFile(name string) bool {
	isTest := func(file string) bool { return strings.HasSuffix(file, regotest.Suffix) && t.ownerOf(file) == name }
	return slices.ContainsFunc(t.tests, func(f rule.File) bool { return isTest(f.Name) && len(regotest.Names(f)) > 0 }) ||
		slices.ContainsFunc(t.problems, func(p *rule.Problem) bool { return isTest(p.File) })
}

// complain says what is missing. Nothing is while only some of the fixtures and
// tests run.
func (t *run) complain() {
	if t.Run != nil {
		return
	}
	broken := t.broken()
	for _, file := range t.found() {
		if broken[file.Name] {
			continue
		}
		if file.Rule != nil {
			t.complainOfRule(file, t.subject(file.Name, file.Rule))
		}
		t.complainOfCoverage(file)
	}
}

func (t *run) complainOfRule(file rule.File, subject *Subject) {
	has := func(denied bool) bool {
		return slices.ContainsFunc(subject.Fixtures, func(f *Fixture) bool { return f.Denied == denied })
	}
	unclear := t.owners.unclear[filepath.Dir(file.Name)] // whose fixtures lie there
	deny, allow := "testdata/deny.<case>.yaml", "testdata/allow.<case>.yaml"
	if kubescape.IsRule(subject.Rule) {
		deny, allow = kubescapeCase, kubescapeCase
	}
	if !has(true) && !unclear {
		t.warn(file, "there is no fixture in which the rule finds something; write %s beside it", deny)
	}
	if !has(false) && !unclear {
		t.warn(file, "there is no fixture in which the rule finds nothing; write %s beside it", allow)
	}
	if kubescape.IsRule(subject.Rule) {
		return // what is missing otherwise is Kubescape's custom
	}
	if !t.hasTestFile(file.Name) && len(subject.Tests) == 0 && !t.FixturesOnly {
		t.warn(file, "there is no Rego test; write %s beside it", strings.TrimSuffix(filepath.Base(file.Name), ".rego")+regotest.Suffix)
	}
	if subject.Rule.Description == "" {
		t.warn(file, "METADATA has no description; say what the rule finds and why it matters")
	}
	if subject.Rule.Remediation == "" {
		t.warn(file, "METADATA has no custom.reeve.remediation; say how to fix a finding")
	}
}

func (t *run) complainOfCoverage(file rule.File) {
	subject := t.subject(file.Name, file.Rule)
	if subject.Coverage == nil || subject.Coverage.Percent() >= t.CoverageMin {
		return
	}
	line := 0
	if len(subject.Coverage.NotCovered) > 0 {
		line = subject.Coverage.NotCovered[0]
	}
	subject.Failures = append(subject.Failures, &rule.Problem{File: file.Name, Line: line, Message: coverageMessage(*subject.Coverage, t.CoverageMin)})
}

// coverageMessage says what is not covered.
func coverageMessage(coverage regotest.Coverage, wanted float64) string {
	return fmt.Sprintf("the Rego tests cover %.1f %% of the lines, wanted are %g %%; they miss %s", coverage.Percent(), wanted, Ranges(coverage.NotCovered))
}

// Ranges writes line numbers in ascending order: lines 3-5, 8.
func Ranges(numbers []int) string {
	var parts []string
	for i := 0; i < len(numbers); {
		last := i
		for last+1 < len(numbers) && numbers[last+1] == numbers[last]+1 {
			last++
		}
		part := strconv.Itoa(numbers[i])
		if last > i {
			part += "-" + strconv.Itoa(numbers[last])
		}
		parts = append(parts, part)
		i = last + 1
	}
	word := "lines "
	if len(numbers) == 1 {
		word = "line "
	}
	return word + strings.Join(parts, ", ")
}
