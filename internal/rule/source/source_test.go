package source_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
	"github.com/kubereeve/reeve/policies"
)

const metadata = "# METADATA\n# title: Test\n# custom:\n#   reeve:\n#     severity: low\n#     kinds: [Pod]\n"

// ruleText returns a good rule of the given package.
func ruleText(packageName string) string {
	return metadata + "package " + packageName + "\n\nviolation contains \"found\" if input.object.kind == \"Pod\"\n"
}

// directory writes files, given by path and text, and returns their directory.
func directory(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func link(t testing.TB, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

// load returns the ids of a directory's rules and its problems, with the
// directory's name as DIR.
func load(dir string) (ids, problems []string) {
	set, found := source.Load(dialect.All(), source.Directory(dir))
	for _, r := range set.Rules() {
		ids = append(ids, r.ID)
	}
	for _, problem := range found {
		problems = append(problems, strings.ReplaceAll(problem.Error(), dir, "DIR"))
	}
	return ids, problems
}

func TestABadFileIsNamedAndTheOthersLoad(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"a syntax error", metadata + "package reeve.a.b\n\nviolation contains {\n", "DIR/sub/bad.rego:10: rego_parse_error: unexpected eof token: violation contains {"},
		{"several errors, of which the first is told", metadata + "package reeve.a.b\nx := := 1\ny := := 2\n", "DIR/sub/bad.rego:8: rego_parse_error: unexpected assign token: x := := 1"},
		{"neither the syntax of old nor that of today", metadata + "package reeve.a.b\n\nviolation contains m { m := \"x\" }\n", "DIR/sub/bad.rego:9: rego_parse_error: `if` keyword is required before rule body"},
		{"an empty file", "", "DIR/sub/bad.rego: the file is empty; write a package and a rule, or remove it"},
		{"comments only", "# nothing\n\n", "DIR/sub/bad.rego: the file is empty; write a package and a rule, or remove it"},
		{"a byte order mark only", "\ufeff", "DIR/sub/bad.rego: the file is empty; write a package and a rule, or remove it"},
		{"no package", "violation contains \"x\" if true\n", "DIR/sub/bad.rego:1: rego_parse_error: package expected"},
		{"METADATA that is no YAML", "# METADATA\n# title: [Test\npackage reeve.a.b\nviolation contains \"x\" if true\n", "DIR/sub/bad.rego:2: rego_parse_error: yaml: line 1: did not find expected ',' or ']': # title: [Test"},
		{"bad METADATA", metadata + "#     mode: block\npackage reeve.a.b\nviolation contains \"x\" if true\n", `DIR/sub/bad.rego:1: METADATA custom.reeve.mode: "block" is not a mode; use one of off, audit, warn, deny`},
		{"no METADATA", "package reeve.a.b\nviolation contains \"x\" if true\n", "DIR/sub/bad.rego:1: the package has no METADATA block; write one above it with a title and, under custom.reeve, severity and kinds"},
		{"a package of nobody we know", "package main\nhelper := true\n", "DIR/sub/bad.rego:1: package main is not a rule Reeve knows, and no rule beside it imports it; name the package reeve.<category>.<rule>, add METADATA with custom.reeve, or define deny, warn or violation"},
		{"a file that is too large", ruleText("reeve.a.b") + strings.Repeat("# large\n", 9<<20/8), fmt.Sprintf("DIR/sub/bad.rego: the file has %d bytes; at most 8388608 are read", len(ruleText("reeve.a.b"))+9<<20)},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := directory(t, map[string]string{"good.rego": ruleText("reeve.a.good"), "sub/bad.rego": test.text, "zebra.rego": ruleText("reeve.a.zebra")})
			ids, problems := load(dir)
			if diff := cmp.Diff([]string{"good", "zebra"}, ids); diff != "" {
				t.Errorf("rules (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff([]string{test.want}, problems); diff != "" {
				t.Errorf("problems (-want +got)\n%s", diff)
			}
		})
	}
}

func TestBinaryContentIsNamed(t *testing.T) {
	ids, problems := load(directory(t, map[string]string{"good.rego": ruleText("reeve.a.good"), "bad.rego": "\x00\xff\xfe"}))
	if !slices.Equal(ids, []string{"good"}) || len(problems) != 1 || !strings.HasPrefix(problems[0], "DIR/bad.rego:1: rego_parse_error: ") {
		t.Errorf("rules %v, problems %v", ids, problems)
	}
}

func TestFilesOfEveryEditorLoad(t *testing.T) {
	unicode := strings.Replace(ruleText("reeve.a.b"), `"found"`, `"größe 世界 😀"`, 1)
	for name, text := range map[string]string{
		"unix lines":        ruleText("reeve.a.b"),
		"windows lines":     strings.ReplaceAll(ruleText("reeve.a.b"), "\n", "\r\n"),
		"a byte order mark": "\ufeff" + ruleText("reeve.a.b"),
		"text of all kinds": unicode,
		"the syntax of old": strings.ReplaceAll(strings.ReplaceAll(ruleText("reeve.a.b"), " contains \"found\"", "[\"found\"]"), " if ", " { ") + " }",
		"no last newline":   strings.TrimSpace(ruleText("reeve.a.b")),
	} {
		ids, problems := load(directory(t, map[string]string{"größe/世界.rego": text}))
		if !slices.Equal(ids, []string{"b"}) || len(problems) > 0 {
			t.Errorf("%s: rules %v, problems %v", name, ids, problems)
		}
	}
}

func TestTestsTestdataAndOtherFilesArePassedOver(t *testing.T) {
	const broken = "no rego at all"
	ids, problems := load(directory(t, map[string]string{
		"a/b/c/deep.rego":      ruleText("reeve.a.deep"),
		"a/deep_test.rego":     broken,
		"a/testdata/x.rego":    broken,
		"testdata/y/z.rego":    broken,
		"README.md":            broken,
		"rego":                 broken,
		"a/old.rego.bak":       broken,
		"directory.rego/a.txt": broken,
	}))
	if !slices.Equal(ids, []string{"deep"}) || len(problems) > 0 {
		t.Errorf("rules %v, problems %v", ids, problems)
	}
}

func TestADirectoryThatCannotBeReadIsNamed(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(dir string) string
		want string
	}{
		{"missing", func(dir string) string { return filepath.Join(dir, "missing") }, "DIR: no such file or directory"},
		{"a file", func(dir string) string { return filepath.Join(dir, "good.rego") }, "DIR: not a directory"},
		{"without rules", func(dir string) string { return filepath.Join(dir, "empty") }, "DIR: there is no rule here, neither a .rego file nor another; name what holds the rules"},
		{"with tests only", func(dir string) string { return filepath.Join(dir, "tests") }, "DIR: there is no rule here, neither a .rego file nor another; name what holds the rules"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := directory(t, map[string]string{"good.rego": ruleText("reeve.a.good"), "empty/README.md": "", "tests/a_test.rego": ""})
			ids, problems := load(test.make(dir))
			if len(ids) > 0 || !slices.Equal(problems, []string{test.want}) {
				t.Errorf("rules %v, problems %q; want %q", ids, problems, test.want)
			}
		})
	}
}

func TestOneBadDirectoryDoesNotHideAnother(t *testing.T) {
	good := directory(t, map[string]string{"good.rego": ruleText("reeve.a.good")})
	set, problems := source.Load(dialect.All(), source.Directory(filepath.Join(good, "missing")), source.Directory(good))
	if set.Rule("good") == nil || len(problems) != 1 {
		t.Errorf("rules %v, problems %v", set.Rules(), problems)
	}
}

func TestWhatIsNoReadableFileIsNamed(t *testing.T) {
	dir := directory(t, map[string]string{"good.rego": ruleText("reeve.a.good")})
	link(t, "nowhere.rego", filepath.Join(dir, "dangling.rego"))
	link(t, "loop.rego", filepath.Join(dir, "loop.rego"))
	link(t, ".", filepath.Join(dir, "directory.rego"))
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.rego"), 0o644); err != nil {
		t.Fatal(err)
	}
	ids, problems := load(dir)
	if !slices.Equal(ids, []string{"good"}) {
		t.Errorf("rules %v", ids)
	}
	want := []string{
		"DIR/dangling.rego: no such file or directory",
		"DIR/directory.rego: this is not a regular file; rename or remove it",
		"DIR/loop.rego: too many levels of symbolic links",
		"DIR/pipe.rego: this is not a regular file; rename or remove it",
	}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Errorf("problems (-want +got)\n%s", diff)
	}
}

func TestAnUnreadableFileIsNamed(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := directory(t, map[string]string{"good.rego": ruleText("reeve.a.good"), "secret.rego": "", "closed/a.rego": ""})
	for _, name := range []string{"secret.rego", "closed"} {
		if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { os.Chmod(filepath.Join(dir, "closed"), 0o755) }) //nolint:errcheck // the directory is temporary
	ids, problems := load(dir)
	if !slices.Equal(ids, []string{"good"}) || !slices.Equal(problems, []string{"DIR/closed: permission denied", "DIR/secret.rego: permission denied"}) {
		t.Errorf("rules %v, problems %q", ids, problems)
	}
}

// A ConfigMap is mounted as links to the files of the version of the day, which
// lies in a directory beside them.
func TestTheRulesOfAMountedConfigMapLoadOnce(t *testing.T) {
	dir := directory(t, map[string]string{
		"..2026_01_31_12_00_00.123/rule.rego":  ruleText("reeve.a.mounted"),
		"..2026_01_31_12_00_00.123/other.rego": ruleText("reeve.a.other"),
	})
	link(t, "..2026_01_31_12_00_00.123", filepath.Join(dir, "..data"))
	link(t, "..data/rule.rego", filepath.Join(dir, "rule.rego"))
	link(t, "..data/other.rego", filepath.Join(dir, "other.rego"))
	for name, root := range map[string]string{"the mounted directory": dir, "the directory above": filepath.Dir(dir)} {
		ids, problems := load(root)
		if !slices.Equal(ids, []string{"mounted", "other"}) || len(problems) > 0 {
			t.Errorf("%s: rules %v, problems %v", name, ids, problems)
		}
	}
}

func TestADirectoryMayBeALinkAndNamedInAnyWay(t *testing.T) {
	dir := directory(t, map[string]string{"rules/good.rego": ruleText("reeve.a.good")})
	link(t, "rules", filepath.Join(dir, "linked"))
	for _, name := range []string{"linked", "rules/", "./rules/../rules", "rules/."} {
		ids, problems := load(dir + "/" + name)
		if !slices.Equal(ids, []string{"good"}) || len(problems) > 0 {
			t.Errorf("%s: rules %v, problems %v", name, ids, problems)
		}
	}
}

func TestAnIDThatIsTakenIsRefusedWithBothFiles(t *testing.T) {
	dir := directory(t, map[string]string{"mine.rego": ruleText("reeve.mine.host_pid"), "other.rego": ruleText("reeve.mine.other"), "twice.rego": ruleText("reeve.mine[\"other\"]")})
	builtin := source.Source{FS: policies.FS, Name: "builtin", Builtin: true}
	set, problems := source.Load(dialect.All(), builtin, source.Directory(dir))
	want := []*rule.Problem{
		{File: filepath.Join(dir, "mine.rego"), Line: 7, Message: "the rule id host-pid is taken by builtin/workloads/host_pid/host_pid.rego; rename the package"},
		{File: filepath.Join(dir, "twice.rego"), Line: 7, Message: "the rule id other is taken by " + filepath.Join(dir, "other.rego") + "; rename the package"},
	}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Errorf("problems (-want +got)\n%s", diff)
	}
	if !set.Rule("host-pid").Builtin || set.Rule("other").Builtin {
		t.Error("the rules that come with Reeve are not told from the others")
	}
}

func TestTheSameRulesHaveTheSameRevision(t *testing.T) {
	builtin := source.Source{FS: policies.FS, Name: "builtin", Builtin: true}
	first, _ := source.Load(dialect.All(), builtin)
	second, _ := source.Load(dialect.All(), builtin)
	if first.Revision() != second.Revision() {
		t.Errorf("revisions %s and %s", first.Revision(), second.Revision())
	}
	dir := directory(t, map[string]string{"mine.rego": ruleText("reeve.mine.own")})
	more, problems := source.Load(dialect.All(), builtin, source.Directory(dir))
	if more.Revision() == first.Revision() || len(more.Rules()) != len(first.Rules())+1 || len(problems) > 0 {
		t.Errorf("%d rules at revision %s, problems %v", len(more.Rules()), more.Revision(), problems)
	}
}

func TestNoSourceIsAnEmptySet(t *testing.T) {
	if set, problems := source.Load(dialect.All()); len(set.Rules()) != 0 || len(problems) != 0 {
		t.Errorf("rules %v, problems %v", set.Rules(), problems)
	}
}
