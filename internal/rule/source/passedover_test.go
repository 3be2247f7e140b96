package source_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
)

func TestWhatOnlyLooksLikeARuleIsPassedOver(t *testing.T) {
	dir := directory(t, map[string]string{
		"mine.rego":                        ruleText("reeve.a.mine"),
		"._mine.rego":                      "\x00\x05\x16\x07 Mac OS X",
		"sub/._data.json":                  "\x00",
		".git/refs/heads/fix/my-rule.rego": "0a1b2c",
		".git/rules/other.rego":            ruleText("reeve.a.other"),
	})
	link(t, "somebody@host.123:456", filepath.Join(dir, ".#mine.rego"))
	ids, problems := load(dir)
	if !slices.Equal(ids, []string{"mine"}) || len(problems) > 0 {
		t.Errorf("rules %v, problems %v, want one rule", ids, problems)
	}
}

// The kubelet links the first element of the paths of a volume's items.
func TestTheDirectoriesOfAMountedConfigMapAreRead(t *testing.T) {
	dir := directory(t, map[string]string{"..2026_01/team/a/mine.rego": ruleText("reeve.a.mine"), "elsewhere/other.rego": ruleText("reeve.a.other")})
	link(t, "..2026_01", filepath.Join(dir, "..data"))
	link(t, "..data/team", filepath.Join(dir, "team"))
	link(t, "..data/team", filepath.Join(dir, "..2026_01", "team", "again")) // leads nowhere, and never in circles
	ids, problems := load(dir)
	if !slices.Equal(ids, []string{"mine", "other"}) || len(problems) > 0 {
		t.Errorf("rules %v, problems %v, want two rules", ids, problems)
	}
}

func TestAFileInUTF16IsNamed(t *testing.T) {
	wide := func(text string) string {
		encoded := "\xff\xfe"
		for _, letter := range []byte(text) {
			encoded += string([]byte{letter, 0})
		}
		return encoded
	}
	dir := directory(t, map[string]string{
		"good.rego":       ruleText("reeve.a.good"),
		"bad.rego":        wide(ruleText("reeve.a.bad")),
		"constraint.yaml": wide("apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K\n"),
	})
	ids, problems := load(dir)
	want := []string{
		"DIR/bad.rego: the file is UTF-16, as PowerShell writes it; save it as UTF-8",
		"DIR/constraint.yaml: the file is UTF-16, as PowerShell writes it; save it as UTF-8",
	}
	if diff := cmp.Diff(want, problems); diff != "" || !slices.Equal(ids, []string{"good"}) {
		t.Errorf("rules %v, problems (-want +got)\n%s", ids, diff)
	}
}

func TestADirectoryWithABadFileIsNotCalledEmptyHoweverItIsNamed(t *testing.T) {
	dir := directory(t, map[string]string{"rules/bad.rego": "package x\nx {", "rule/README.md": ""})
	t.Chdir(dir)
	for _, name := range []string{"rules", "./rules", "rules/", "./rules/../rules", filepath.Join(dir, "rules") + "/"} {
		if _, problems := load(name); len(problems) != 1 {
			t.Errorf("%s: problems %q, want that of the file", name, problems)
		}
	}
	// Nor is one hidden by a bad file in a directory whose name begins alike.
	_, problems := source.Load(dialect.All(), source.Directory("rules"), source.Directory("rule"))
	if len(problems) != 2 {
		t.Errorf("problems %v, want that of the file, and that there is no rule beside it", problems)
	}
}
