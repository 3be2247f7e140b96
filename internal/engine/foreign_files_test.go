package engine_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
)

func TestAHelperOfSeveralRulesThatDoesNotCompileHidesNoOthers(t *testing.T) {
	tree := fstest.MapFS{}
	for name, text := range map[string]string{
		"one.rego":  "package main\ndeny[\"one\"] { h(1); help }\nh(x) { input.spec.hostNetwork }",
		"two.rego":  "package main\ndeny[\"two\"] { h(1, 2) }\nh(x, y) { input.spec.hostNetwork }", // not together with the first
		"help.rego": "package main\nhelp { nonsense(1) }",
		"good.rego": "package other\ndeny[\"good\"] { input.spec.hostNetwork }",
	} {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	set, problems := source.Load(dialect.All(), source.Source{FS: tree, Name: "rules"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	e, problems, err := engine.New(set, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for _, problem := range problems {
		named = append(named, problem.File)
	}
	if diff := cmp.Diff([]string{"rules/help.rego", "rules/one.rego"}, named); diff != "" {
		t.Errorf("left out (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"conftest/good (deny): good", "conftest/two (deny): two"}, found(t, e, resource.Create, podOnHost)); diff != "" {
		t.Errorf("found (-want +got)\n%s", diff)
	}
}

func TestRulesFindTheirLibrariesInDirectoriesBesideTheirs(t *testing.T) {
	trees := map[string]fstest.MapFS{
		"rules": {"p.rego": {Data: []byte("package main\nimport data.lib.one\ndeny[m] { m := one.word(input.kind) }")},
			"both.rego": {Data: []byte("package lib.both\nword = \"own\"")}},
		"libraries": {"one.rego": {Data: []byte("package lib.one\nimport data.lib.both\nimport data.lib.two\nword(kind) = concat(\" \", [kind, both.word, two.word])")},
			"two.rego":  {Data: []byte("package lib.two\nword = \"elsewhere\"")},
			"both.rego": {Data: []byte("package lib.both\nword = \"other\"")}},
		"more": {"q.rego": {Data: []byte("package main\nimport data.lib\nwarn[m] { m := concat(\" \", [lib.two.word, lib.both.word]) }")}},
	}
	var sources []source.Source
	for _, name := range []string{"libraries", "rules", "more"} { // the first that has a package counts
		sources = append(sources, source.Source{FS: trees[name], Name: name})
	}
	set, problems := source.Load(dialect.All(), sources...)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	e, problems, err := engine.New(set, engine.Options{})
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	want := []string{"conftest/p (deny): Pod own elsewhere", "conftest/q (warn): elsewhere other"}
	if diff := cmp.Diff(want, found(t, e, resource.Create, podOnHost)); diff != "" {
		t.Errorf("found (-want +got)\n%s", diff)
	}
}

func TestWhatFollowsFromABadFileSaysSoInTheWordsOfTheFiles(t *testing.T) {
	set, problems := source.Load(dialect.All(), source.Source{Name: "rules", FS: fstest.MapFS{
		"lib.rego":  {Data: []byte("package lib\nf(x) { nonsense(x) }")},
		"one.rego":  {Data: []byte("package main\ndeny[\"one\"] { data.lib.f(1) }")},
		"loop.rego": {Data: []byte("package loop\ndeny[\"x\"] { p }\np { p }")},
		"typo.rego": {Data: []byte("package typo\ndeny[\"x\"] { data.lib.g(1) }")},
	}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	_, problems, err := engine.New(set, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, problem := range problems {
		got = append(got, problem.Error())
	}
	want := []string{
		"rules/lib.rego:2: rego_type_error: undefined function nonsense",
		"rules/loop.rego:3: rego_recursion_error: rule data.loop.p is recursive: data.loop.p -> data.loop.p",
		"rules/one.rego:2: rego_type_error: undefined function data.lib.f; rules/lib.rego is left out: mend that first",
		"rules/typo.rego:2: rego_type_error: undefined function data.lib.g",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got)\n%s", diff)
	}
}

func TestFilesOfOnePackageAreCachedEachByItself(t *testing.T) {
	e := foreignEngine(t, dialect.Options{}, map[string]string{
		"host.rego": "package main\ndeny[\"host\"] { input.spec.hostNetwork }",
		"name.rego": "package main\ndeny[m] { input.spec.hostNetwork; m := who }",
		"who.rego":  "package main\nwho = input.metadata.name",
	})
	for _, name := range []string{"a", "b", "a"} {
		want := []string{"conftest/host (deny): host", "conftest/name (deny): " + name}
		if diff := cmp.Diff(want, found(t, e, resource.Create, strings.Replace(podOnHost, `"web"`, `"`+name+`"`, 1))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	var fits []string
	for _, r := range e.Set().Rules() {
		if e.KeptFor(r) == "replicas" {
			fits = append(fits, r.ID)
		}
	}
	if !slices.Equal(fits, []string{"conftest/host"}) {
		t.Errorf("cached are %v", fits)
	}
}

func TestRulesOnTheNameOfAFileAreNamedAndTheirOthersStay(t *testing.T) {
	for name, text := range map[string]string{
		"by its path":  "package main\ndeny[\"f\"] { data.conftest.file.name == \"a\" }\ndeny[\"k\"] { input.kind == \"Pod\" }",
		"by an import": "package main\nimport rego.v1\nimport data.conftest as c\ndeny contains \"f\" if c.file.name == \"a\"",
	} {
		set, problems := source.Load(dialect.All(), source.Source{FS: fstest.MapFS{"p.rego": {Data: []byte(text)}}, Name: "rules"})
		if len(problems) != 1 || !strings.Contains(problems[0].Error(), "rules/p.rego:1: the rule reads data.conftest.file") || len(set.Rules()) != 1 {
			t.Errorf("%s: problems %v, rules %d", name, problems, len(set.Rules()))
		}
	}
}

func TestForeignRulesThatCouldNeverFindAnythingAreNamed(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"for Gatekeeper alone", "package k8sx\nviolation[{\"msg\": \"m\"}] { input.review.object.spec.hostNetwork; input.parameters.x }", "rules/p.rego:1: the rule reads input.review"},
		{"for Gatekeeper and conftest", "package both\nobject = input { not input.review }\nobject = input.review.object { input.review }\ndeny[\"b\"] { object.spec.hostNetwork; input.kind == \"Pod\" }", ""},
		{"for combined files", "package main\ndeny[\"c\"] { input[i].contents.kind == \"Pod\"; not has(input[i].contents) }\nhas(o) { o.x }", "rules/p.rego:1: the rule reads a list of files"},
		{"for the first of combined files", "package main\nimport rego.v1\ndeny contains \"c\" if {\n one := input[0]\n one.contents.kind == \"Pod\"\n}", "rules/p.rego:1: the rule reads a list of files"},
		{"for combined files and others", "package main\ndeny[\"c\"] { input[_].contents.kind == \"Pod\" }\ndeny[\"d\"] { input.kind == \"Pod\" }", ""},
		{"for all fields of an object", "package main\ndeny[\"f\"] { input[_].hostNetwork }", ""},
		{"true or nothing, in v0", "package main\n\ndeny { input.kind == \"Pod\" }", "rules/p.rego:3: deny is no set of messages"},
		{"true or false, in v1", "package main\n\ndefault deny_x := false\n\ndeny_x if input.kind == \"Pod\"", "rules/p.rego:3: deny_x is no set of messages"},
		{"an object instead of a set", "package main\nimport future.keywords.if\n\ndeny[msg] if { msg := input.kind }", "rules/p.rego:4: deny is no set of messages"},
		{"true or nothing beside one with words", "package main\nwarn_x { input.kind }\ndeny[\"d\"] { warn_x }", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			tree := fstest.MapFS{"p.rego": {Data: []byte(test.text)}}
			set, problems := source.Load(dialect.All(), source.Source{FS: tree, Name: "rules"})
			if test.want == "" {
				if len(problems) > 0 || len(set.Rules()) != 1 {
					t.Errorf("problems %v, rules %d", problems, len(set.Rules()))
				}
				return
			}
			if len(problems) != 1 || !strings.HasPrefix(problems[0].Error(), test.want) || len(set.Rules()) != 0 {
				t.Errorf("problems %v, rules %d, want %q", problems, len(set.Rules()), test.want)
			}
		})
	}
}

func TestARuleOfNoMessagesIsNamedBesideOneOfTheSameName(t *testing.T) {
	tree := fstest.MapFS{
		"good.rego": {Data: []byte("package main\ndeny[\"d\"] { input.kind == \"Pod\" }")},
		"idle.rego": {Data: []byte("package main\ndeny { input.kind == \"Pod\" }")},
	}
	set, problems := source.Load(dialect.All(), source.Source{FS: tree, Name: "rules"})
	if len(problems) != 1 || !strings.HasPrefix(problems[0].Error(), "rules/idle.rego:2: deny is no set of messages") || len(set.Rules()) != 1 {
		t.Errorf("problems %v, %d rules", problems, len(set.Rules()))
	}
}
