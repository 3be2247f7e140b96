package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule/dialect"
)

// writeData writes files below a new directory and returns it.
func writeData(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestConftestRulesAndTheirLibrariesReadTheData(t *testing.T) {
	for _, test := range []struct {
		name        string
		rules, data map[string]string
		want        []string
	}{
		{"a rule, by an import and by the name", map[string]string{"p.rego": "package main\nimport data.forbidden\ndeny[m] { input.metadata.name == forbidden[_]; m := data.team.owner }"},
			map[string]string{"a.yaml": "forbidden: [web]", "team/b.json": `{"owner": "jane"}`, "passed-over.rego": "not rego", "x.tar.gz": "no bundle"},
			[]string{"conftest/p (deny): jane"}},
		{"a library", map[string]string{
			"p.rego":   "package main\nimport data.lib\ndeny[m] { m := lib.owner }",
			"lib.rego": "package lib\nowner = data.team.owner"},
			map[string]string{"a.yaml": "team: {owner: jane}"}, []string{"conftest/p (deny): jane"}},
		{"a library of a library, by an import", map[string]string{
			"p.rego": "package main\nimport data.lib.one\ndeny[m] { m := one.owner }",
			"a.rego": "package lib.one\nimport data.lib.two\nowner = two.owner",
			"b.rego": "package lib.two\nimport data.team\nowner = team.owner"},
			map[string]string{"a.yaml": "team: {owner: jane}"}, []string{"conftest/p (deny): jane"}},
		{"data in the package of a library", map[string]string{
			"p.rego":   "package main\nimport data.lib\ndeny[m] { m := sprintf(\"%s, %s\", [lib.owner, data.lib.config.boss]) }",
			"lib.rego": "package lib\nowner = data.lib.config.owner"},
			map[string]string{"lib/config/a.yaml": "{owner: jane, boss: joe}"}, []string{"conftest/p (deny): jane, joe"}},
		{"data in the rule's own package", map[string]string{"p.rego": "package main\ndeny[m] { m := data.main.owner }"},
			map[string]string{"main/a.yaml": "owner: jane"}, []string{"conftest/p (deny): jane"}},
		{"data by a name that is not constant", map[string]string{"p.rego": "package main\ndeny[m] { name := [\"team\", \"nothing\"][_]; m := data[name].owner }"},
			map[string]string{"a.yaml": "team: {owner: jane}"}, []string{"conftest/p (deny): jane"}},
		{"rules that are taken apart, and their library", map[string]string{
			"p.rego":   "package main\nimport data.lib\nf(x) = x { true }\ndeny[m] { m := sprintf(\"%s %s %s\", [f(data.team.owner), data.main.boss, lib.owner]) }",
			"q.rego":   "package main\nf(x, y) = x { y }\ndeny[m] { m := f(data.team.owner, true) }",
			"lib.rego": "package lib\nowner = data.lib.config.owner"},
			map[string]string{"team/a.yaml": "owner: jane", "main/a.yaml": "boss: joe", "lib/config/a.yaml": "owner: jim"},
			[]string{"conftest/p (deny): jane joe jim", "conftest/q (deny): jane"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			data, problems := dialect.ReadData(writeData(t, test.data))
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			e := foreignEngine(t, dialect.Options{Conftest: dialect.Conftest{Data: data}}, test.rules)
			if diff := cmp.Diff(test.want, found(t, e, resource.Create, podAlone)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestDataOfSeveralDirectoriesAreOneAndCollisionsAreNamed(t *testing.T) {
	first := writeData(t, map[string]string{"a.yaml": "team: {owner: jane, size: 3}"})
	second := writeData(t, map[string]string{"team/b.json": `{"boss": "joe"}`})
	third := writeData(t, map[string]string{"c.yaml": "team: {size: 3}\nother: 1"})
	data, problems := dialect.ReadData(first, first+"/missing", second, third)
	if len(problems) != 2 || problems[0].File != first+"/missing" || problems[1].File != third ||
		!strings.Contains(problems[1].Message, "data.team.size is in others that were given, too") {
		t.Errorf("problems are %v", problems)
	}
	if len(data) != 1 || data[0].Path.String() != "data.team" || data[0].Value.String() != `{"boss": "joe", "owner": "jane", "size": 3}` {
		t.Errorf("read are %v", data)
	}
}
