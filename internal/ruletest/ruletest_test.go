package ruletest_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/source"
	"github.com/kubereeve/reeve/internal/ruletest"
	"github.com/kubereeve/reeve/policies"
)

// labelRule is a rule on pods that wants the labels of its parameter.
func labelRule(packageName string) string {
	return `# METADATA
# title: Label missing
# description: Nobody knows whose it is.
# custom:
#   reeve:
#     severity: low
#     kinds: [Pod]
#     remediation: Set it.
#     parameters:
#       labels: {type: array, items: string, default: [team]}
package ` + packageName + `

violation contains {"msg": sprintf("label %v is missing", [label]), "path": "metadata.labels"} if {
	some label in input.parameters.labels
	not input.object.metadata.labels[label]
}
`
}

func labelTest(packageName string) string {
	return "package " + packageName + "_test\n\ntest_denies if {\n\tcount(data." + packageName +
		".violation) == 1 with input as {\"parameters\": {\"labels\": [\"a\"]}}\n}\n"
}

const (
	allowed = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  labels:\n    team: shop\n"
	denied  = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  labels:\n    app: web\n"
)

// complete is a directory in which nothing is wrong.
func complete() map[string]string {
	return map[string]string{
		"acme/label/label.rego":               labelRule("reeve.acme.label"),
		"acme/label/label_test.rego":          labelTest("reeve.acme.label"),
		"acme/label/testdata/allow.some.yaml": allowed,
		"acme/label/testdata/deny.some.yaml":  denied,
	}
}

// directory writes files, given by path and text, and returns their directory.
func directory(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// lines returns a report as text: what is wrong with what, and what passed.
func lines(report *ruletest.Report, dir string) []string {
	var out []string
	add := func(word string, problems ...*rule.Problem) {
		for _, problem := range problems {
			out = append(out, word+" "+strings.ReplaceAll(problem.Error(), dir+"/", ""))
		}
	}
	add("error", report.Problems...)
	add("stray", report.Strays...)
	for _, subject := range report.Subjects {
		add("failed", subject.Failures...)
		add("warning", subject.Warnings...)
		for _, fixture := range subject.Fixtures {
			add("failed", fixture.Failures...)
			if !fixture.Failed() {
				out = append(out, "passed "+fixture.Name())
			}
		}
		for _, test := range subject.Tests {
			out = append(out, strings.TrimSpace(string(test.Outcome)+" "+strings.TrimPrefix(subject.Name, dir+"/")+"/"+test.Name+" "+test.Reason))
		}
	}
	return out
}

func TestRun(t *testing.T) {
	passed := []string{"passed label/allow.some.yaml", "passed label/deny.some.yaml", "passed label/test_denies"}
	var without = func(prefix string) []string {
		return slices.DeleteFunc(slices.Clone(passed), func(line string) bool { return strings.HasPrefix(line, "passed "+prefix) })
	}
	for _, test := range []struct {
		name    string
		files   map[string]string // beside a complete rule; an empty text removes a file
		options ruletest.Options
		want    []string
	}{
		{name: "nothing is wrong", want: passed},
		{name: "an allow fixture with findings", files: map[string]string{"acme/label/testdata/allow.some.yaml": allowed + "---\n" + denied}, want: append([]string{
			"failed acme/label/testdata/allow.some.yaml:12: label finds something, and the name of the file says that it does not\nline 12, Pod web: label team is missing (label)",
		}, without("label/allow")...)},
		{name: "a deny fixture without findings", files: map[string]string{"acme/label/testdata/deny.some.yaml": allowed}, want: []string{
			passed[0], "failed acme/label/testdata/deny.some.yaml: label finds nothing, and the name of the file says that it does", passed[2],
		}},
		{name: "a deny fixture of another kind", files: map[string]string{"acme/label/testdata/deny.some.yaml": "apiVersion: v1\nkind: Node\nmetadata: {name: a}\n"}, want: []string{
			passed[0], "failed acme/label/testdata/deny.some.yaml: label finds nothing: no object is of a kind that it judges (Pod)", passed[2],
		}},
		{name: "an allow fixture of another kind", files: map[string]string{"acme/label/testdata/allow.some.yaml": "apiVersion: v1\nkind: Node\nmetadata: {name: a}\n"}, want: append([]string{
			"warning acme/label/testdata/allow.some.yaml: no object is of a kind that label judges (Pod), so it tests nothing",
		}, passed...)},
		{name: "a fixture that is no YAML", files: map[string]string{"acme/label/testdata/deny.some.yaml": "a: [\nb: c"}, want: []string{
			passed[0], "failed acme/label/testdata/deny.some.yaml:2: invalid YAML: did not find expected ',' or ']'", passed[2],
		}},
		{name: "an empty fixture", files: map[string]string{"acme/label/testdata/deny.some.yaml": "# nothing\n"}, want: []string{
			passed[0], "failed acme/label/testdata/deny.some.yaml: there is no Kubernetes object in it", passed[2],
		}},
		{name: "parameters of a fixture", files: map[string]string{"acme/label/testdata/allow.more.yaml": "# A comment.\n# parameters: {\"labels\": [\"app\"]}\n" + denied}, want: append([]string{"passed label/allow.more.yaml"}, passed...)},
		{name: "parameters that the rule does not have", files: map[string]string{"acme/label/testdata/allow.more.yaml": "# parameters: {\"label\": [\"app\"]}\n" + denied}, want: append([]string{
			`failed acme/label/testdata/allow.more.yaml:1: label has no parameter "label"`,
		}, passed...)},
		{name: "parameters of another type", files: map[string]string{"acme/label/testdata/allow.more.yaml": "# parameters: {\"labels\": \"app\"}\n" + denied}, want: append([]string{
			"failed acme/label/testdata/allow.more.yaml:1: parameter labels: app is not of type array",
		}, passed...)},
		{name: "parameters that are no JSON", files: map[string]string{"acme/label/testdata/allow.more.yaml": "# parameters: labels=app\n" + denied}, want: append([]string{
			`failed acme/label/testdata/allow.more.yaml:1: # parameters: wants a JSON object on the same line, as in # parameters: {"max": 3}: invalid character 'l' looking for beginning of value`,
		}, passed...)},
		{name: "a fixture by another name", files: map[string]string{"acme/label/testdata/Deny.yaml": denied}, want: append([]string{
			"stray acme/label/testdata/Deny.yaml: a fixture is named allow.<case>.yaml or deny.<case>.yaml; nothing runs this file",
		}, passed...)},
		{name: "a fixture beside no rule", files: map[string]string{"acme/testdata/deny.some.yaml": denied}, want: append([]string{
			"stray acme/testdata/deny.some.yaml: no rule stands beside testdata; nothing runs this fixture",
		}, passed...)},
		{name: "data of other programs beside no rule", files: map[string]string{"acme/testdata/input.txt": "x"}, want: passed},
		{name: "everything is missing", files: map[string]string{
			"acme/label/label_test.rego": "", "acme/label/testdata/allow.some.yaml": "", "acme/label/testdata/deny.some.yaml": "",
		}, want: []string{
			"warning acme/label/label.rego: there is no fixture in which the rule finds something; write testdata/deny.<case>.yaml beside it",
			"warning acme/label/label.rego: there is no fixture in which the rule finds nothing; write testdata/allow.<case>.yaml beside it",
			"warning acme/label/label.rego: there is no Rego test; write label_test.rego beside it",
		}},
		{name: "tests that do not compile", files: map[string]string{"acme/label/label_test.rego": "package x_test\ntest_a if nothing(1)\n"}, want: append([]string{
			"error acme/label/label_test.rego:2: rego_type_error: undefined function nothing",
		}, without("label/test")...)},
		{name: "something is missing, strictly", files: map[string]string{"acme/label/testdata/allow.some.yaml": ""}, options: ruletest.Options{Strict: true}, want: append([]string{
			"failed acme/label/label.rego: there is no fixture in which the rule finds nothing; write testdata/allow.<case>.yaml beside it",
		}, without("label/allow")...)},
		{name: "too little is covered", files: map[string]string{"acme/label/label_test.rego": "package x_test\ntest_denies if true\n"}, options: ruletest.Options{CoverageMin: 50}, want: append([]string{
			"failed acme/label/label.rego:13: the Rego tests cover 0.0 % of the lines, wanted are 50 %; they miss lines 13, 15",
		}, passed...)},
		{name: "a rule with a syntax error, whose fixtures and tests could not run", files: map[string]string{"acme/label/label.rego": "package reeve.acme.label\nviolation {"}, want: []string{
			"error acme/label/label.rego:2: rego_parse_error: unexpected eof token: violation {",
		}},
		{name: "a rule that does not compile", files: map[string]string{"acme/label/label.rego": labelRule("reeve.acme.label") + "\nviolation contains \"x\" if nothing(1)\n"}, want: []string{
			"error acme/label/label.rego:18: rego_type_error: undefined function nothing",
		}},
		{name: "a rule that reaches the network", files: map[string]string{"acme/label/label.rego": labelRule("reeve.acme.label") + "\nviolation contains \"x\" if http.send({\"url\": \"x\"})\n"}, want: []string{
			"error acme/label/label.rego:18: http.send may not be called: it reaches the network; do without it, or trust this directory with it in the configuration (rules.directories[].trusted.builtins)",
		}},
		{name: "a rule that fails on a fixture", files: map[string]string{"acme/label/label.rego": labelRule("reeve.acme.label") + "\nviolation contains \"x\" if to_number(input.object.metadata.labels.team) == 1\n"}, want: append([]string{
			"failed acme/label/testdata/allow.some.yaml:1: rule label: builtin: builtin failed: " + "BUILTIN",
		}, without("label/allow")...)},
		{name: "only what is chosen", options: ruletest.Options{Run: regexp.MustCompile("^label/(test_|allow)")}, files: map[string]string{"x/testdata/deny.a.yaml": denied}, want: without("label/deny")},
		{name: "rules in one directory, each with fixtures of its own", files: map[string]string{
			"flat/one_label.rego": labelRule("reeve.flat.one_label"), "flat/two.rego": labelRule("reeve.flat.two"),
			"flat/testdata/one_label/deny.a.yaml": denied, "flat/testdata/two/deny.a.yaml": denied, "flat/testdata/three/deny.a.yaml": denied, "flat/testdata/deny.a.yaml": denied,
			"flat/testdata/two/below/deny.a.yaml": denied, "flat/one_label_test.rego": labelTest("reeve.flat.one_label"),
		}, options: ruletest.Options{FixturesOnly: true}, want: []string{
			"stray flat/testdata/deny.a.yaml: 2 rules stand beside testdata; put the fixture into testdata/<rule_id>/",
			"stray flat/testdata/three/deny.a.yaml: no rule called three stands beside testdata; nothing runs this fixture",
			"stray flat/testdata/two/below/deny.a.yaml: the fixture lies too deep; put it into testdata, or into testdata/<rule_id>/",
			passed[0], passed[1],
			"warning flat/one_label.rego: there is no fixture in which the rule finds nothing; write testdata/allow.<case>.yaml beside it",
			"passed one-label/deny.a.yaml",
			"warning flat/two.rego: there is no fixture in which the rule finds nothing; write testdata/allow.<case>.yaml beside it",
			"passed two/deny.a.yaml",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := complete()
			maps.Copy(files, test.files)
			maps.DeleteFunc(files, func(_, text string) bool { return text == "" })
			dir := directory(t, files)
			test.options.Dirs = []string{dir}
			report, err := ruletest.Run(t.Context(), test.options)
			if err != nil {
				t.Fatal(err)
			}
			got := lines(report, dir)
			for i, line := range got {
				if before, _, found := strings.Cut(line, "builtin failed: "); found {
					got[i] = before + "builtin failed: BUILTIN"
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			wrong := slices.ContainsFunc(test.want, func(line string) bool {
				return !strings.HasPrefix(line, "passed") && !strings.HasPrefix(line, "warning")
			})
			if report.Failed() != wrong {
				t.Errorf("failed %t, want %t", report.Failed(), wrong)
			}
		})
	}
}

func TestAnIDThatIsTakenIsAWarning(t *testing.T) {
	dir := directory(t, map[string]string{"host_pid.rego": labelRule("reeve.acme.host_pid")})
	report, err := ruletest.Run(t.Context(), ruletest.Options{Dirs: []string{dir}, Builtin: source.Source{FS: policies.FS, Name: "builtin"}})
	if err != nil {
		t.Fatal(err)
	}
	const want = "the id is taken by a rule that comes with Reeve (builtin/workloads/host_pid/host_pid.rego)"
	if got := strings.Join(lines(report, dir), "\n"); !strings.Contains(got, want) || report.Failed() {
		t.Errorf("%s is not in\n%s", want, got)
	}
}

func TestRulesAndTestsImportLibraries(t *testing.T) {
	const own = "package reeve.lib.own\n\nlabel := \"team\"\n"
	rule := strings.Replace(labelRule("reeve.acme.label"), "not input", "data.reeve.lib.own.label == \"team\"\n\tdata.reeve.lib.selector.selects({}, {})\n\tnot input", 1)
	test := labelTest("reeve.acme.label") + "\ntest_given if data.reeve.lib.given_test.pod({}).kind == \"Pod\"\n"
	files := complete()
	files["acme/label/label.rego"], files["acme/label/label_test.rego"] = rule, test
	elsewhere := directory(t, map[string]string{"own.rego": own})
	options := ruletest.Options{Builtin: source.Source{FS: policies.FS, Name: "builtin"}, Strict: true, CoverageMin: 100}

	options.Dirs, options.Libraries = []string{directory(t, files)}, []string{elsewhere}
	if report, err := ruletest.Run(t.Context(), options); err != nil || report.Failed() || len(report.Subjects) != 1 {
		t.Errorf("a library elsewhere: %v, %q", err, lines(report, options.Dirs[0]))
	}
	files["lib/own.rego"] = own
	options.Dirs, options.Libraries = []string{directory(t, files)}, nil
	report, err := ruletest.Run(t.Context(), options)
	if err != nil || report.Failed() || len(report.Subjects) != 2 || report.Subjects[1].Rule != nil || report.Subjects[1].Coverage == nil {
		t.Errorf("a library of the tree: %v, %q", err, lines(report, options.Dirs[0]))
	}
}

func TestRulesOfOtherDialectsAreTestedByTheirFilesAlone(t *testing.T) {
	report, err := ruletest.Run(t.Context(), ruletest.Options{Dirs: []string{directory(t, map[string]string{
		"p.rego":      "package main\ndeny_host[\"h\"] { input.spec.hostNetwork }\nexception[rules] { rules := [\"host\"] }\n",
		"p_test.rego": "package main\ntest_denies { deny_host[\"h\"] with input as {\"spec\": {\"hostNetwork\": true}} }\n",
		"test_q.rego": "package tests\nimport data.main\ntest_allows { count(main.deny_host) == 0 with input as {} }\n",
	})}})
	if err != nil || report.Failed() {
		t.Fatal(err, report.Problems)
	}
	tests := 0
	for _, subject := range report.Subjects {
		tests += len(subject.Tests)
	}
	if len(report.Subjects) != 1 || tests != 2 || report.Subjects[0].Name != "conftest/p" {
		t.Errorf("%d tests, subjects %+v", tests, report.Subjects)
	}
}

func TestDirectoriesWithinEachOtherAreTestedOnce(t *testing.T) {
	dir := directory(t, complete())
	for _, dirs := range [][]string{{dir, dir}, {dir, dir + "/acme"}, {dir + "/acme/label", dir + "/."}, {dir + "/", dir}} {
		report, err := ruletest.Run(t.Context(), ruletest.Options{Dirs: dirs})
		if err != nil || report.Failed() || len(report.Subjects) != 1 || len(report.Subjects[0].Tests) != 1 {
			t.Errorf("%q: %v, %+v", dirs, err, report)
		}
	}
}

func TestProgressEndsAtItsTotal(t *testing.T) {
	var steps [][2]int
	_, err := ruletest.Run(t.Context(), ruletest.Options{Dirs: []string{directory(t, complete())}, Progress: func(done, total int) { steps = append(steps, [2]int{done, total}) }})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][2]int{{1, 3}, {2, 3}, {3, 3}}, steps); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ruletest.Run(ctx, ruletest.Options{Dirs: []string{directory(t, complete())}}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestAFixtureSeesItsNamespaceAndIsCreatedForRulesAtAdmissionOnly(t *testing.T) {
	text := strings.Replace(labelRule("reeve.acme.label"), "#     kinds", "#     doors: [admission]\n#     kinds", 1)
	text += "\nviolation contains \"created in a namespace of a team\" if {\n\tinput.operation == \"CREATE\"\n\tinput.namespace.labels.team\n}\n"
	files := complete()
	files["acme/label/label.rego"] = text
	files["acme/label/testdata/deny.some.yaml"] = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: shop}}\n---\n" +
		strings.Replace(allowed, "  name: web", "  namespace: shop\n  name: web", 1)
	dir := directory(t, files)
	report, err := ruletest.Run(t.Context(), ruletest.Options{Dirs: []string{dir}})
	if err != nil || report.Failed() {
		t.Errorf("%v, %q", err, lines(report, dir))
	}
}

func TestFixturesReadsWithoutJudging(t *testing.T) {
	files := complete()
	files["acme/label/testdata/allow.wrong.yaml"] = denied
	files["acme/label/testdata/deny.broken.yaml"] = "a: ["
	fixtures, problems, err := ruletest.Fixtures(t.Context(), directory(t, files))
	if err != nil || len(fixtures) != 4 || len(problems) != 1 {
		t.Fatal(fixtures, problems, err)
	}
	if resources := fixtures[0].Resources(); len(resources) != 1 || resources[0].Name != "web" || fixtures[0].Denied || fixtures[0].Rule.ID != "label" {
		t.Errorf("%+v", fixtures[0])
	}
}

func TestAFixtureThatIsNoRegularFileIsNamed(t *testing.T) {
	dir := directory(t, complete())
	if err := syscall.Mkfifo(filepath.Join(dir, "acme/label/testdata/deny.pipe.yaml"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "acme/label/testdata/deny.link.yaml")); err != nil {
		t.Fatal(err)
	}
	report, err := ruletest.Run(t.Context(), ruletest.Options{Dirs: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"passed label/allow.some.yaml",
		"failed acme/label/testdata/deny.link.yaml: cannot be read: no such file or directory",
		"failed acme/label/testdata/deny.pipe.yaml: this is not a regular file; rename or remove it",
		"passed label/deny.some.yaml", "passed label/test_denies",
	}
	if diff := cmp.Diff(want, lines(report, dir)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestRanges(t *testing.T) {
	for _, test := range []struct {
		numbers []int
		want    string
	}{{[]int{3}, "line 3"}, {[]int{3, 4, 5, 8, 10, 11}, "lines 3-5, 8, 10-11"}} {
		if got := ruletest.Ranges(test.numbers); got != test.want {
			t.Errorf("%v: %q", test.numbers, got)
		}
	}
}
