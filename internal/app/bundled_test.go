package app_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// A bundle that brings data along is judged by as in OPA.
func TestRulesOfABundleReadItsData(t *testing.T) {
	const library = "package lib.words\n\nword := data.acme.words.one\n"
	for _, test := range []struct {
		name, rules string
		files       map[string]string
		directory   bool // and no bundle
		want        string
		problem     string
	}{
		{name: "at the root", rules: "deny contains data.msg", files: map[string]string{"data.json": `{"msg": "found"}`}, want: "found"},
		{name: "in a directory", rules: "deny contains data.acme.msg", files: map[string]string{"acme/data.yaml": "msg: found"}, want: "found"},
		{name: "of several files", rules: "deny contains concat(\" \", [data.acme.a, data.acme.b])", files: map[string]string{"data.json": `{"acme": {"a": "one"}}`, "acme/data.json": `{"b": "two"}`}, want: "one two"},
		{name: "a list in its place", rules: "deny contains data.acme.words[_]", files: map[string]string{"acme/words/data.json": `["found"]`}, want: "found"},
		{name: "read by a library", rules: "deny contains data.lib.words.word", files: map[string]string{"lib.rego": library, "acme/words/data.json": `{"one": "found"}`}, want: "found"},
		{name: "other JSON is no data", rules: "deny contains \"nothing\" if not data.msg", files: map[string]string{"other.json": `{"msg": "found"}`}, want: "nothing"},
		{name: "a directory brings no data along", rules: "deny contains \"nothing\" if not data.msg", files: map[string]string{"data.json": `{"msg": "found"}`}, directory: true, want: "nothing"},
		{name: "no JSON", rules: "deny contains \"x\"", files: map[string]string{"data.json": `{"msg"`}, want: "x", problem: "a.tar.gz/data.json: the data of the bundle were left out: "},
		{name: "no object", rules: "deny contains \"x\"", files: map[string]string{"data.json": `[1]`}, want: "x", problem: "a.tar.gz/data.json: the data of the bundle were left out: it must be an object"},
		{name: "two values in one place", rules: "deny contains data.acme.a", files: map[string]string{"acme/data.json": `{"a": "one"}`, "data.json": `{"acme": {"a": "two"}}`}, want: "one",
			problem: "a.tar.gz/data.json: the data of the bundle were left out: data.acme.a is in others, too; keep it in one"},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := fstest.MapFS{"main.rego": {Data: []byte("package main\n\n" + test.rules + "\n")}}
			for name, text := range test.files {
				files[name] = &fstest.MapFile{Data: []byte(text)}
			}
			bundle := source.Source{FS: files, Name: "a.tar.gz", Bundled: !test.directory}
			rules, err := (&app.RuleOptions{NoBuiltin: true, More: func() ([]source.Source, []*rule.Problem) { return []source.Source{bundle}, nil }}).Load()
			if err != nil {
				t.Fatal(err)
			}
			reviewer, err := rules.Reviewer(engine.Options{})
			if err != nil {
				t.Fatal(err)
			}
			verdict, err := reviewer.Review(t.Context(), pod(t))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, found := range verdict.Findings {
				got = append(got, found.Message)
			}
			if !slices.Equal(got, []string{test.want}) {
				t.Errorf("findings %q, want %q", got, test.want)
			}
			if test.problem == "" && len(rules.Problems) > 0 || test.problem != "" && (len(rules.Problems) != 1 || !strings.HasPrefix(rules.Problems[0].Error(), test.problem)) {
				t.Errorf("problems %v, want %q", rules.Problems, test.problem)
			}
		})
	}
}
