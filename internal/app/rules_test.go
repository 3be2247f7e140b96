package app_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
)

const ownRule = "# METADATA\n# title: Test\n# custom:\n#   reeve:\n#     severity: low\n#     kinds: [Pod]\npackage reeve.mine.own_rule\nviolation contains \"found\" if input.object\n"

// directory writes rule files and returns their directory.
func directory(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// options reads flags. OWN in them is a directory with the rule own-rule.
func options(t testing.TB, flags ...string) *app.RuleOptions {
	t.Helper()
	var o app.RuleOptions
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	o.AddFlags(set)
	own := directory(t, map[string]string{"own.rego": ownRule})
	for i := range flags {
		flags[i] = strings.ReplaceAll(flags[i], "OWN", own)
	}
	if err := set.Parse(flags); err != nil {
		t.Fatal(err)
	}
	return &o
}

func ids(set *rule.Set) []string {
	var ids []string
	for _, r := range set.Rules() {
		ids = append(ids, r.ID)
	}
	return ids
}

func TestLoadChoosesRules(t *testing.T) {
	var builtin, ofRBAC []string
	whole, err := options(t).Load()
	if err != nil || len(whole.Problems) > 0 {
		t.Fatal(err, whole.Problems)
	}
	builtin = ids(whole.Set)
	for _, r := range whole.Set.Rules() {
		if r.Category == "rbac" {
			ofRBAC = append(ofRBAC, r.ID)
		}
	}
	without := func(prefix string) []string {
		return slices.DeleteFunc(slices.Clone(builtin), func(id string) bool { return strings.HasPrefix(id, prefix) })
	}
	withOwn := slices.Sorted(slices.Values(append(slices.Clone(builtin), "own-rule")))
	for _, test := range []struct {
		flags string
		want  []string
	}{
		{"--rules=OWN", withOwn},
		{"--rules=OWN --no-builtin", []string{"own-rule"}},
		{"--select=host-pid", []string{"host-pid"}},
		{"--select=host-pid,host-ipc", []string{"host-ipc", "host-pid"}},
		{"--select=host-pid --select=host-ipc", []string{"host-ipc", "host-pid"}},
		{"--select=category:rbac", ofRBAC},
		{"--rules=OWN --select=category:mine", []string{"own-rule"}},
		{"--skip=host-*", without("host-")},
		{"--select=host-* --skip=host-p*", []string{"host-ipc", "host-network"}},
		{"--select=host-pid --skip=host-pid", nil},
		{"--select=category:rbac --skip=host-pid", ofRBAC}, // host-pid is a rule, though not a chosen one
		{"--mode-for=host-*=off", without("host-")},
		{"--mode=off --mode-for=host-pid=deny", []string{"host-pid"}},
		{"--mode=off", nil},
		{"--mode=audit", builtin},
		{"--select=host-ipc --mode-for=host-pid=deny", []string{"host-ipc"}},
	} {
		t.Run(test.flags, func(t *testing.T) {
			rules, err := options(t, strings.Fields(test.flags)...).Load()
			if err != nil || len(rules.Problems) > 0 {
				t.Fatal(err, rules)
			}
			if got := ids(rules.Set); !slices.Equal(got, test.want) {
				t.Errorf("rules %v, want %v", got, test.want)
			}
		})
	}
}

func TestLoadSaysWhatIsWrongWithAFlag(t *testing.T) {
	for _, test := range []struct{ flags, want string }{
		{"--no-builtin", "--no-builtin leaves no rules; name a directory with --rules"},
		{"--mode=block", `--mode: "block" is not a mode; use one of off, audit, warn, deny`},
		{"--mode=Deny", `--mode: "Deny" is not a mode; use one of off, audit, warn, deny`},
		{"--mode-for=host-pid", `--mode-for: "host-pid" is not RULE=MODE, as in privileged-container=deny`},
		{"--mode-for=host-pid=block", `--mode-for: "block" is not a mode; use one of off, audit, warn, deny`},
		{"--mode-for=host-[=deny", `--mode-for: "host-[" is not a rule id or a glob of ids`},
		{"--mode-for=hots-pid=deny --mode-for=host-pid=deny", "--mode-for: no rule is called hots-pid; see reeve rules list"},
		{"--mode-for=hots-*=deny --mode-for=x=off", "--mode-for: no rule is called hots-*, x; see reeve rules list"},
		{"--rules=OWN --no-builtin --mode-for=host-pid=deny", "--mode-for: no rule is called host-pid; see reeve rules list"},
		{"--select=hots-pid", "--select: no rule matches hots-pid; see reeve rules list"},
		{"--select=host-pid,category:workload,x*", "--select: no rule matches category:workload, x*; see reeve rules list"},
		{"--select=severity:worst", `--select: "worst" is not a severity; use one of info, low, medium, high, critical`},
		{"--select=kind:Pod", `--select: "kind:Pod": use a rule id, a glob of ids, category:NAME, severity:NAME or framework:NAME`},
		{"--skip=hots-pid", "--skip: no rule matches hots-pid; see reeve rules list"},
		{"--skip=host-[", `--skip: "host-[" is not a rule id or a glob of ids`},
		{"--select=host-pid --skip=hots-pid", "--skip: no rule matches hots-pid; see reeve rules list"},
	} {
		t.Run(test.flags, func(t *testing.T) {
			rules, err := options(t, strings.Fields(test.flags)...).Load()
			if rules != nil || err == nil || err.Error() != test.want {
				t.Errorf("got %v, error %v\nwant the error %s", rules, err, test.want)
			}
		})
	}
}

func TestBadRuleFilesAreProblemsAndNoError(t *testing.T) {
	own := directory(t, map[string]string{
		"own.rego":    ownRule,
		"syntax.rego": "package reeve.a.b\nviolation contains {\n",
		"unsafe.rego": strings.NewReplacer("own_rule", "unsafe", `"found"`, "x").Replace(ownRule),
	})
	missing := filepath.Join(own, "missing")
	rules, err := options(t, "--no-builtin", "--rules="+own, "--rules="+missing).Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(rules.Problems) != 2 {
		t.Errorf("problems %v; want the file with the syntax error and the missing directory", rules.Problems)
	}
	before := rules.Set.Revision()
	reviewer, err := rules.Reviewer(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, problem := range rules.Problems {
		files = append(files, strings.TrimPrefix(problem.File, own+"/"))
	}
	if want := []string{"missing", "syntax.rego", "unsafe.rego"}; !slices.Equal(files, want) {
		t.Errorf("problems of %v, want %v", files, want)
	}
	if got := ids(rules.Set); !slices.Equal(got, []string{"own-rule"}) {
		t.Errorf("rules %v, want own-rule", got)
	}
	if reviewer.Revision() != rules.Set.Revision() || reviewer.Revision() == before {
		t.Errorf("the reviewer is at revision %s, the rules at %s, before at %s", reviewer.Revision(), rules.Set.Revision(), before)
	}
}

func TestLoadKeepsTheModesOfTheFlags(t *testing.T) {
	rules, err := options(t, "--mode=audit", "--mode-for=host-*=warn", "--mode-for=host-pid=deny").Load()
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]finding.Mode{"host-pid": finding.Deny, "host-ipc": finding.Warn, "rbac-wildcard": finding.Audit} {
		if got := rules.Policy.Resolve(rules.Set.Rule(id), finding.Off, nil).Mode; got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}

// One bad file must not keep all others from being judged by.
func TestAFlagMayNameARuleWhoseFileIsLeftOut(t *testing.T) {
	dir := directory(t, map[string]string{"own.rego": ownRule, "bad.rego": "package reeve.a.bad\nx {"})
	for flag, want := range map[string]string{
		"--mode-for=bad=deny":   "--mode-for: no rule is called bad; it may be in a file that is left out",
		"--skip=bad":            "--skip: no rule matches bad; it may be in a file that is left out",
		"--select=bad,own-rule": "--select: no rule matches bad; it may be in a file that is left out",
	} {
		rules, err := options(t, "--no-builtin", "--rules="+dir, flag).Load()
		if err != nil {
			t.Errorf("%s: %v", flag, err)
			continue
		}
		if got := ids(rules.Set); !slices.Equal(got, []string{"own-rule"}) || len(rules.Unmatched) != 1 || rules.Unmatched[0].Error() != want {
			t.Errorf("%s: rules %v, unmatched %v, want own-rule and %s", flag, got, rules.Unmatched, want)
		}
	}
}
