package engine_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
)

func TestExceptionsOfConftestChangeNoRuleForOthers(t *testing.T) {
	const rules = "package main\nimport rego.v1\ndeny contains \"d\" if input.kind\ndeny_a contains \"a\" if input.kind\nwarn_b contains \"b\" if input.kind\n"
	for _, test := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"exceptions that read a rule", map[string]string{"p.rego": rules + "exception contains [\"a\"] if count(deny) + count(deny_a) == 2"},
			[]string{"conftest/p (deny): d", "conftest/p (warn): b"}},
		{"exceptions that read a rule, in another file", map[string]string{"p.rego": rules, "q.rego": "package main\nimport rego.v1\nexception contains [\"a\", \"b\"] if count(deny_a) == 1"},
			[]string{"conftest/p (deny): d"}},
		{"a rule that reads one with an exception", map[string]string{"p.rego": rules + "exception contains [\"a\"] if input.kind\ndeny_c contains \"c\" if count(deny_a) == 1"},
			[]string{"conftest/p (deny): c", "conftest/p (deny): d", "conftest/p (warn): b"}},
		{"numbers instead of names", map[string]string{"p.rego": rules + "exception contains [1] if input.kind"},
			[]string{"conftest/p (deny): a", "conftest/p (deny): d", "conftest/p (warn): b"}},
		{"lists in lists", map[string]string{"p.rego": rules + "exception contains [[\"a\"]] if input.kind"},
			[]string{"conftest/p (deny): a", "conftest/p (deny): d", "conftest/p (warn): b"}},
		{"a list with an alternative", map[string]string{"p.rego": "package main\nimport rego.v1\ndeny_a := [\"a\"] if input.kind else := [\"e\"]\nexception contains [\"a\"] if input.kind"}, []string{}},
		{"a list with a default", map[string]string{"p.rego": "package main\nimport rego.v1\ndefault deny_a := [\"a\"]\nexception contains [\"a\"] if input.kind"}, []string{}},
		{"wildcards in the rule", map[string]string{"p.rego": "package main\nimport rego.v1\ndeny_a contains \"a\" if {\n input.spec.containers[_].name\n input.spec.containers[_].image\n}\nexception contains [\"b\"] if input.kind"},
			[]string{"conftest/p (deny): a"}},
		{"a rule that reads its METADATA", map[string]string{"p.rego": "package main\nimport rego.v1\n\n# METADATA\n# title: one\ndeny_a contains rego.metadata.rule().title if input.kind\n\n# METADATA\n# title: two\ndeny_b contains rego.metadata.rule().title if input.kind\nexception contains [\"a\"] if input.kind"},
			[]string{"conftest/p (deny): two"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := foreignEngine(t, dialect.Options{}, test.files)
			if diff := cmp.Diff(test.want, found(t, e, resource.Create, podOnHost)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestExceptionsOfConftestThatNameNoRuleAreNamed(t *testing.T) {
	for name, exception := range map[string]string{
		"a name instead of a list": "exception contains \"a\" if input.kind",
		"true in brackets":         "exception[rules] if rules := [\"a\"]",
		"true":                     "exception if input.kind",
	} {
		t.Run(name, func(t *testing.T) {
			tree := fstest.MapFS{"p.rego": {Data: []byte("package main\nimport rego.v1\ndeny_a contains \"a\" if input.kind\n" + exception)}}
			set, problems := source.Load(dialect.All(), source.Source{FS: tree, Name: "rules"})
			if len(problems) != 1 || !strings.HasPrefix(problems[0].Error(), "rules/p.rego:4: exception is no set of lists") || len(set.Rules()) != 1 {
				t.Errorf("problems %v, %d rules", problems, len(set.Rules()))
			}
		})
	}
}
