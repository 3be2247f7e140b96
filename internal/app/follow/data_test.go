package follow_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/kubereeve/reeve/internal/app"
)

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDataOfConftestRulesIsFollowed(t *testing.T) {
	dir, data := t.TempDir(), t.TempDir()
	put(t, filepath.Join(dir, "mine.rego"), "package main\n\ndeny contains msg if msg := data.words[_]\n")
	put(t, filepath.Join(data, "words.yaml"), "words: [one]")
	r := start(t, app.RuleOptions{NoBuiltin: true, Dirs: []string{dir}, ConftestData: []string{data}})
	before := r.live.Revision()
	put(t, filepath.Join(data, "words.yaml"), "words: [other]")
	r.until(t, "the data is new", func(state *app.State) bool { return state.Reviewer.Revision() != before })
}
