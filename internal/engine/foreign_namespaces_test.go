package engine_test

import (
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
)

func TestConftestNamespacesChoosePackages(t *testing.T) {
	tree := fstest.MapFS{
		"a.rego": {Data: []byte("package main\ndeny[\"a\"] { true }")},
		"b.rego": {Data: []byte("package other.checks\ndeny[\"b\"] { true }")},
		"c.rego": {Data: []byte("package other.checks.more\ndeny[\"c\"] { true }")},
	}
	for _, test := range []struct {
		name       string
		namespaces []string
		want       []string
		problem    string
	}{
		{"without a choice", nil, []string{"conftest/a", "conftest/b", "conftest/c"}, ""},
		{"one", []string{"other.checks"}, []string{"conftest/b"}, ""},
		{"two", []string{"other.checks", "main"}, []string{"conftest/a", "conftest/b"}, ""},
		{"a glob", []string{"other.*"}, []string{"conftest/b", "conftest/c"}, ""},
		{"all", []string{"*"}, []string{"conftest/a", "conftest/b", "conftest/c"}, ""},
		{"one that is not there", []string{"mian"}, nil,
			"rules: of the packages to read (--conftest-namespace, rules.conftest.namespaces) there is none; there are main, other.checks, other.checks.more"},
	} {
		t.Run(test.name, func(t *testing.T) {
			set, problems := source.Load(dialect.With(dialect.Options{Conftest: dialect.Conftest{Namespaces: test.namespaces}}), source.Source{FS: tree, Name: "rules"})
			var got, told []string
			for _, r := range set.Rules() {
				got = append(got, r.ID)
			}
			for _, problem := range problems {
				told = append(told, problem.Error())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("rules (-want +got)\n%s", diff)
			}
			if want := slices.DeleteFunc([]string{test.problem}, func(s string) bool { return s == "" }); !slices.Equal(want, told) {
				t.Errorf("told is %q, want %q", told, want)
			}
		})
	}
}

func TestFindingsOfConftestWithoutAMessageArePassed(t *testing.T) {
	e := foreignEngine(t, dialect.Options{}, map[string]string{
		"p.rego": "package main\ndeny[\"\"] { true }\ndeny[{\"msg\": \"\"}] { true }\ndeny[{\"msg\": \"m\"}] { true }\nwarn[\"\"] { true }"})
	if diff := cmp.Diff([]string{"conftest/p (deny): m"}, found(t, e, resource.Create, podAlone)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
