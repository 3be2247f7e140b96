package ruletest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/ruletest"
)

func TestTestsForConftestRunAsThere(t *testing.T) {
	const rule = "package main\nimport rego.v1\ndeny contains \"d\" if input.kind == \"Pod\"\n"
	const head = "package main\nimport rego.v1\n"
	for _, test := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"a builtin that cannot work on its input", map[string]string{"p.rego": head + "deny contains \"d\" if to_number(input.x) > 3\n",
			"p_test.rego": head + "test_a if count(deny) == 0 with input as {\"x\": \"100m\"}"}, []string{"conftest/p test_a passed"}},
		{"such a builtin in a library", map[string]string{"p.rego": head + "import data.lib\ndeny contains \"d\" if lib.many\n",
			"lib.rego": "package lib\nimport rego.v1\nmany if to_number(input.x) > 3\n", "lib_test.rego": "package lib_test\nimport rego.v1\nimport data.lib\ntest_a if not lib.many with input as {\"x\": \"100m\"}"},
			[]string{"DIR/lib.rego test_a passed"}},
		{"YAML in a test", map[string]string{"p.rego": rule, "p_test.rego": head + "test_a if deny[\"d\"] with input as parse_config(\"yaml\", \"kind: Pod\")"}, []string{"conftest/p test_a passed"}},
		{"several documents", map[string]string{"p.rego": rule, "p_test.rego": head + "test_a if json.marshal(parse_config(\"yaml\", \"a: 1\\r\\n---\\r\\nb: 2\")) == `[{\"a\":1},{\"b\":2}]`"}, []string{"conftest/p test_a passed"}},
		{"a file", map[string]string{"policy/p.rego": rule, "fixtures/pod.yaml": "kind: Pod", "policy/p_test.rego": head + "test_a if deny[\"d\"] with input as parse_config_file(\"../fixtures/pod.yaml\")"}, []string{"conftest/policy/p test_a passed"}},
		{"a file elsewhere", map[string]string{"p.rego": rule, "p_test.rego": head + "test_a if parse_config_file(\"../pod.yaml\")"},
			[]string{"conftest/p test_a failed, pod.yaml: the file is not below a directory that is tested; test one that holds both"}},
		{"a file that is not there", map[string]string{"p.rego": rule, "p_test.rego": head + "test_a if not parse_config_file(\"pod.yaml\")"},
			[]string{"conftest/p test_a failed, open pod.yaml: no such file or directory"}},
		{"another format", map[string]string{"p.rego": rule, "p_test.rego": head + "test_a if parse_config(\"hcl2\", \"\")"},
			[]string{"conftest/p test_a failed, tests of Reeve read yaml and json, not \"hcl2\""}},
		{"data", map[string]string{"p.rego": head + "import data.lib\ndeny contains lib.owner if input.kind", "lib.rego": "package lib\nowner := data.team.owner", "data/a.yaml": "team: {owner: jane}",
			"p_test.rego": head + "test_a if deny[\"jane\"] with input as {\"kind\": \"Pod\"}\ntest_b if data.team.owner == \"jane\""}, []string{"conftest/p test_a passed", "conftest/p test_b passed"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := directory(t, test.files)
			options := ruletest.Options{Dirs: []string{dir}}
			if test.files["data/a.yaml"] != "" {
				options.Conftest.Data, _ = dialect.ReadData(dir + "/data")
			}
			report, err := ruletest.Run(t.Context(), options)
			if err != nil || len(report.Problems) > 0 {
				t.Fatal(err, report.Problems)
			}
			var got []string
			for _, subject := range report.Subjects {
				for _, one := range subject.Tests {
					line := strings.ReplaceAll(subject.Name, dir, "DIR") + " " + one.Name + " " + string(one.Outcome)
					if one.Reason != "" {
						_, reason, _ := strings.Cut(one.Reason, "parse_config")
						_, reason, _ = strings.Cut(reason, ": ")
						line += ", " + reason[strings.LastIndex(reason, "/")+1:]
					}
					got = append(got, line)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestRulesOfReeveFailInTestsWhereBuiltinsDo(t *testing.T) {
	files := complete()
	files["acme/label/odd_test.rego"] = "package reeve.acme.odd_test\ntest_odd if not to_number(\"100m\")\n"
	files["other/p.rego"] = "package main\ndeny[\"d\"] { input.kind }\n"
	report, err := ruletest.Run(t.Context(), ruletest.Options{Dirs: []string{directory(t, files)}})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(lines(report, ""), "\n"); !strings.Contains(got, "failed label/test_odd") || !strings.Contains(got, "eval_builtin_error: to_number") {
		t.Error(got)
	}
}

func TestExceptionsOfConftestAddNoLinesToCover(t *testing.T) {
	report, err := ruletest.Run(t.Context(), ruletest.Options{Dirs: []string{directory(t, map[string]string{
		"p.rego":      "package main\n# a comment\nimport rego.v1\n\ndeny_host contains \"h\" if input.spec.hostNetwork\n\nexception contains [\"host\"] if input.x\n",
		"p_test.rego": "package main\nimport rego.v1\ntest_a if {\n deny_host[\"h\"] with input as {\"spec\": {\"hostNetwork\": true}}\n exception with input as {\"x\": true}\n}\n",
	})}, CoverageMin: 100})
	if err != nil || report.Failed() {
		t.Error(err, report.Subjects[0].Coverage, report.Subjects[0].Failures, report.Problems)
	}
}
