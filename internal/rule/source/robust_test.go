package source_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFilesOfEveryLanguageLoad(t *testing.T) {
	text := ruleText("reeve.a.mine")
	for _, test := range []struct{ name, file, text string }{
		{"lines that end as on Windows", "mine.rego", strings.ReplaceAll(text, "\n", "\r\n")},
		{"a byte order mark and lines of Windows", "mine.rego", "\ufeff" + strings.ReplaceAll(text, "\n", "\r\n")},
		{"no line feed at the end", "mine.rego", strings.TrimSpace(text)},
		{"tabs", "mine.rego", strings.ReplaceAll(text, " if ", "\tif\t")},
		{"a message in other letters", "mine.rego", strings.Replace(text, "found", "Прывілеяваны контейнер 特权容器 🚫", 1)},
		{"a title in other letters", "mine.rego", strings.Replace(text, "title: Test", "title: Größe 大小", 1)},
		{"a file name in other letters", "правила 规则/Größe 🚫.rego", text},
		{"a file name with spaces and signs", "my rules (new) #1/a=b&c%d.rego", text},
		{"a hidden file", ".mine.rego", text},
		{"deep directories", strings.Repeat("d/", 100) + "mine.rego", text},
	} {
		t.Run(test.name, func(t *testing.T) {
			ids, problems := load(directory(t, map[string]string{test.file: test.text}))
			if !slices.Equal(ids, []string{"mine"}) || len(problems) > 0 {
				t.Errorf("rules %v, problems %v, want one rule", ids, problems)
			}
		})
	}
}

func TestCollisionsAreNamedAndTheFirstStays(t *testing.T) {
	library := "package reeve.lib.shared\n\n%s := true\n"
	for _, test := range []struct {
		name     string
		files    map[string]string
		ids      []string
		problems []string
	}{
		{"one rule in two files", map[string]string{"a.rego": ruleText("reeve.a.same"), "b.rego": ruleText("reeve.a.same")}, []string{"same"},
			[]string{"DIR/b.rego:7: the rule id same is taken by DIR/a.rego; rename the package"}},
		{"one id in two packages", map[string]string{"a/a.rego": ruleText("reeve.a.same_id"), "b/a.rego": ruleText("reeve.b.same_id")}, []string{"same-id"},
			[]string{"DIR/b/a.rego:7: the rule id same-id is taken by DIR/a/a.rego; rename the package"}},
		{"one file name in two directories", map[string]string{"a/rule.rego": ruleText("reeve.a.one"), "b/rule.rego": ruleText("reeve.a.two")}, []string{"one", "two"}, nil},
		{"a library in two files", map[string]string{"a.rego": fmt.Sprintf(library, "x"), "b.rego": fmt.Sprintf(library, "y"), "rule.rego": ruleText("reeve.a.mine")}, []string{"mine"}, nil},
		{"a rule beside its helpers in another file", map[string]string{"rule.rego": ruleText("reeve.a.mine"), "helpers.rego": "package reeve.a.mine\n\nhelper := true\n"}, []string{"mine"}, nil},
		{"a package below a rule's", map[string]string{"a.rego": ruleText("reeve.a.mine"), "b.rego": ruleText("reeve.a.mine.violations")}, []string{"mine", "violations"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			ids, problems := load(directory(t, test.files))
			if diff := cmp.Diff(test.ids, ids); diff != "" {
				t.Errorf("rules (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.problems, problems); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// largeRule returns a rule file of at least size bytes: a table, as generated ones
// have.
func largeRule(size int) string {
	var table strings.Builder
	table.WriteString(ruleText("reeve.a.large") + "\nallowed := {\n")
	for i := 0; table.Len() < size; i++ {
		fmt.Fprintf(&table, "\t\"registry.example/team-%d/image-%d\": {\"digest\": \"sha256:%064d\", \"tags\": [\"v1\", \"v2\"]},\n", i%97, i, i)
	}
	table.WriteString("}\n")
	return table.String()
}

func TestALargeFileLoads(t *testing.T) {
	ids, problems := load(directory(t, map[string]string{"large.rego": largeRule(5 << 20), "small.rego": ruleText("reeve.a.small")}))
	if !slices.Equal(ids, []string{"large", "small"}) || len(problems) > 0 {
		t.Errorf("rules %v, problems %v, want both", ids, problems)
	}
}

func TestLinksThatTurnInCirclesEnd(t *testing.T) {
	dir := directory(t, map[string]string{"a/b/mine.rego": ruleText("reeve.a.mine")})
	link(t, "..", filepath.Join(dir, "a", "b", "up"))
	link(t, dir, filepath.Join(dir, "a", "self"))
	link(t, "self.rego", filepath.Join(dir, "self.rego"))
	ids, problems := load(dir)
	if !slices.Equal(ids, []string{"mine"}) || len(problems) != 1 || !strings.Contains(problems[0], "DIR/self.rego: ") {
		t.Errorf("rules %v, problems %v, want one rule, and the link to itself named", ids, problems)
	}
}
