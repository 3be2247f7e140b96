package regotest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/regotest"
	"github.com/kubereeve/reeve/internal/rule/source"
)

const ruleText = `# METADATA
# title: Test
# custom: {reeve: {severity: low, kinds: [Pod]}}
package reeve.test.named

violation contains "no name" if not input.object.metadata.name

violation contains {"msg": sprintf("bad name %q", [name])} if {
	name := input.object.metadata.name
	startswith(name, "bad")
}
`

// load reads rules and tests from files, by name and text.
func load(t *testing.T, files map[string]string) (regotest.Options, []string) {
	t.Helper()
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	from := source.Source{FS: tree, Name: "dir"}
	set, problems := source.Load(dialect.All(), from)
	tests, more := regotest.Load(from)
	return regotest.Options{Files: set.Files(), Tests: tests, Written: source.Modules(from)}, texts(slices.Concat(problems, more))
}

func texts(problems []*rule.Problem) []string {
	var out []string
	for _, problem := range problems {
		out = append(out, problem.Error())
	}
	return out
}

// outcomes returns how each test ended, with the reason.
func outcomes(result *regotest.Result) []string {
	var out []string
	for _, test := range result.Tests {
		out = append(out, strings.TrimSpace(test.Name+" "+string(test.Outcome)+" "+test.Reason))
	}
	return out
}

func TestTestsPassFailOrAreSkipped(t *testing.T) {
	const head = "package reeve.test.named_test\nimport data.reeve.test.named as rule\n"
	for _, test := range []struct{ name, body, want string }{
		{"a test that holds", `test_a if rule.violation == {"no name"} with input as {}`, "test_a passed"},
		{"a test that does not hold says where and with what value", "test_a if {\n\tfound := rule.violation with input as {}\n\tfound == {\"other\"}\n}",
			"test_a failed line 5 does not hold:\nfound == {\"other\"}\nfound is {\"no name\"}"},
		{"an expression of several lines is moved to the left", "test_a if {\n\trule.violation == {\n\t\t\"other\",\n\t} with input as {}\n}",
			"test_a failed line 4 does not hold:\nrule.violation == {\n  \"other\",\n} with input as {}"},
		{"a test that is false", "test_a := false", "test_a failed the test is not true"},
		{"a test for later", "todo_test_a if false", "todo_test_a skipped"},
		{"two values for one function", "f(_) := 1\nf(_) := 2\ntest_a if f(1) == 1", "test_a failed dir/named_test.rego:4: eval_conflict_error: function data.reeve.test.named_test.f produced conflicting values for the same inputs:\n  1 at dir/named_test.rego:3\n  2 at dir/named_test.rego:4"},
		{"a builtin that fails, as it fails a rule in the engine", `test_a if not to_number("x") == 1`, `test_a failed dir/named_test.rego:3: eval_builtin_error: to_number: strconv.ParseFloat: parsing "x": invalid syntax`},
	} {
		t.Run(test.name, func(t *testing.T) {
			options, problems := load(t, map[string]string{"named.rego": ruleText, "named_test.rego": head + test.body + "\n"})
			result, err := regotest.Run(t.Context(), options)
			if err != nil || len(problems)+len(result.Problems) > 0 {
				t.Fatal(err, problems, result.Problems)
			}
			if diff := cmp.Diff([]string{test.want}, outcomes(result)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestCoverageNamesTheLinesThatNoTestReaches(t *testing.T) {
	options, _ := load(t, map[string]string{"named.rego": ruleText, "named_test.rego": "package reeve.test.named_test\n" +
		`test_a if data.reeve.test.named.violation == {"no name"} with input as {}` + "\n"})
	result, err := regotest.Run(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]regotest.Coverage{"dir/named.rego": {Covered: 1, NotCovered: []int{8, 9, 10}}}
	if diff := cmp.Diff(want, result.Coverage); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := want["dir/named.rego"].Percent(); got != 25 {
		t.Errorf("%g %%", got)
	}
	if (regotest.Coverage{}).Percent() != 100 {
		t.Error("a file with nothing to cover is not covered")
	}
}

func TestTestsOfOtherDialectsMeanPackagesAsTheyAreWritten(t *testing.T) {
	const library = "package lib.pods\non_host(o) { o.spec.hostNetwork }\n"
	for _, test := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"conftest, v0, with a library", map[string]string{
			"p.rego":      "package main\nimport data.lib.pods\ndeny[\"host\"] { pods.on_host(input) }\n",
			"lib.rego":    library,
			"p_test.rego": "package main\ntest_denies { deny[\"host\"] with input as {\"spec\": {\"hostNetwork\": true}} }\ntest_allows { count(deny) == 0 with input as {} }\ntest_wrong { deny[\"host\"] with input as {} }\n",
		}, []string{"test_denies passed", "test_allows passed", "test_wrong failed line 4 does not hold:\ndeny[\"host\"] with input as {}"}},
		{"conftest, v1, with helpers for tests only and an exception", map[string]string{
			"p.rego":      "package main\nimport rego.v1\ndeny_host contains \"host\" if input.spec.hostNetwork\nexception contains [\"host\"] if input.metadata.name == \"a\"\n",
			"help.rego":   "package helpers\nimport rego.v1\nhost := {\"spec\": {\"hostNetwork\": true}}\n",
			"p_test.rego": "package main_test\nimport rego.v1\nimport data.helpers\nimport data.main\ntest_denies if main.deny_host == {\"host\"} with input as helpers.host\n",
		}, []string{"test_denies passed"}},
		{"admission review, with what kube-mgmt keeps", map[string]string{
			"p.rego":      "package kubernetes.admission\nimport data.kubernetes.ingresses\ndeny[name] { input.request.kind.kind == \"Ingress\"; ingresses[_][name] }\n",
			"p_test.rego": "package kubernetes.admission\ntest_denies { deny[\"web\"] with input as {\"request\": {\"kind\": {\"kind\": \"Ingress\"}}} with data.kubernetes.ingresses as {\"shop\": {\"web\": {}}} }\n",
		}, []string{"test_denies passed"}},
		{"tests in files that rules may be in", map[string]string{
			"p.rego":      "package main\ndeny[\"host\"] { input.spec.hostNetwork }\n",
			"test_p.rego": "package main\ntest_denies { deny[\"host\"] with input as {\"spec\": {\"hostNetwork\": true}} }\n",
			"q_test.rego": "package main\ntest_allows { count(deny) == 0 with input as {} }\n",
		}, []string{"test_allows passed", "test_denies passed"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			options, problems := load(t, test.files)
			result, err := regotest.Run(t.Context(), options)
			if err != nil || len(problems)+len(result.Problems) > 0 {
				t.Fatal(err, problems, result.Problems)
			}
			if diff := cmp.Diff(test.want, outcomes(result)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestABrokenFileDoesNotHideTheOthers(t *testing.T) {
	good := "package good_test\ntest_a if true\n"
	options, problems := load(t, map[string]string{
		"named.rego":       ruleText,
		"good_test.rego":   good,
		"syntax_test.rego": "package syntax_test\ntest_a if {\n",
		"empty_test.rego":  "",
		"type_test.rego":   "package type_test\ntest_a if nothing(1)\n",
		"testdata/x.rego":  "nothing",
	})
	want := []string{
		"dir/empty_test.rego: the file is empty; write tests, or remove it",
		"dir/syntax_test.rego:3: rego_parse_error: unexpected eof token: test_a if {",
	}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Errorf("problems (-want +got)\n%s", diff)
	}
	result, err := regotest.Run(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"dir/type_test.rego:2: rego_type_error: undefined function nothing"}, texts(result.Problems)); diff != "" {
		t.Errorf("problems (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"test_a passed"}, outcomes(result)); diff != "" {
		t.Errorf("tests (-want +got)\n%s", diff)
	}
}

func TestWantChoosesTests(t *testing.T) {
	options, _ := load(t, map[string]string{"named.rego": ruleText, "a_test.rego": "package a_test\ntest_a if true\ntest_b if true\ntest_ab if true\n"})
	for _, test := range []struct{ want string }{{"test_a"}, {"test_b"}, {"nothing"}} {
		options.Want = func(_, name string) bool { return name == test.want }
		result, err := regotest.Run(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, one := range result.Tests {
			names = append(names, one.Name)
		}
		if test.want == "nothing" && len(names) > 0 || test.want != "nothing" && !slices.Equal(names, []string{test.want}) {
			t.Errorf("%s: %v ran", test.want, names)
		}
	}
}

func TestWhatATestPrintsIsKept(t *testing.T) {
	options, _ := load(t, map[string]string{"named.rego": ruleText, "a_test.rego": "package a_test\ntest_a if print(\"hello\", 1)\n"})
	done := 0
	options.Done = func() { done++ }
	result, err := regotest.Run(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Tests) != 1 || result.Tests[0].Output != "hello 1" || done != 1 {
		t.Errorf("%+v, %d done", result.Tests, done)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	options, _ := load(t, map[string]string{"named.rego": ruleText, "a_test.rego": "package a_test\ntest_a if count(numbers.range(1, 100000000)) == 1\n"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := regotest.Run(ctx, options); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
