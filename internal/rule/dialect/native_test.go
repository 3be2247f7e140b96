package dialect_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect"
)

func parse(t testing.TB, text string) *ast.Module {
	t.Helper()
	module, err := ast.ParseModuleWithOpts("a.rego", text, ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1})
	if err != nil {
		t.Fatal(err)
	}
	return module
}

const (
	metadata      = "# METADATA\n# title: Test\n# custom:\n#   reeve:\n#     severity: low\n#     kinds: [Pod]\n"
	onlyTitle     = "# METADATA\n# title: Test\n"
	otherMetadata = "# METADATA\n# title: Test\n# custom:\n#   other: true\n"
	finds         = "violation contains \"x\" if true\n"
)

func TestNativeRecognizesPackagesBelowReeveAndMarkedOnes(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       bool
	}{
		{"a package below reeve", "package reeve.workloads.host_pid\n", true},
		{"the package reeve", "package reeve\n", true},
		{"a package with custom.reeve", metadata + "package company.rules\n", true},
		{"another package", "package main\n" + finds, false},
		{"a package that begins with the letters of reeve", "package reeves.a\n" + finds, false},
		{"a package with reeve further down", "package company.reeve\n" + finds, false},
		{"a package with a title only", onlyTitle + "package company.rules\n" + finds, false},
		{"a package with other custom fields", otherMetadata + "package company.rules\n" + finds, false},
		{"custom.reeve on a rule of the package", "package company.rules\n" + metadata + finds, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := (dialect.Native{}).Recognize(parse(t, test.text)); got != test.want {
				t.Errorf("recognized: %t, want %t", got, test.want)
			}
		})
	}
}

func TestNativeReadsTheRuleOfAModule(t *testing.T) {
	violation := []rule.Entrypoint{{Name: "violation", Mode: finding.Warn}}
	for _, test := range []struct {
		name, text   string
		id, category string
		entrypoints  []rule.Entrypoint
	}{
		{"a rule of a category", metadata + "package reeve.workloads.host_pid\n" + finds, "host-pid", "workloads", violation},
		{"a rule right below reeve", metadata + "package reeve.host_pid\n" + finds, "host-pid", "custom", violation},
		{"the package reeve", metadata + "package reeve\n" + finds, "reeve", "custom", violation},
		{"a package of one word", metadata + "package host_pid\n" + finds, "host-pid", "custom", violation},
		{"a package elsewhere", metadata + "package company.rules.host_pid\n" + finds, "host-pid", "rules", violation},
		{"a name that is no Rego word", metadata + "package reeve.workloads[\"host-pid\"]\n" + finds, "host-pid", "workloads", violation},
		{
			"violation in the mode of the metadata, deny and warn in their own",
			metadata + "#     mode: audit\npackage reeve.a.b\nwarn contains \"x\" if true\ndeny contains \"x\" if true\n" + finds, "b", "a",
			[]rule.Entrypoint{{Name: "violation", Mode: finding.Audit}, {Name: "deny", Mode: finding.Deny}, {Name: "warn", Mode: finding.Warn}},
		},
		{"deny alone", metadata + "package reeve.a.b\ndeny contains \"x\" if true\n", "b", "a", []rule.Entrypoint{{Name: "deny", Mode: finding.Deny}}},
		{"one entry point in several pieces", metadata + "package reeve.a.b\n" + finds + "violation contains \"y\" if true\n", "b", "a", violation},
		{"a helper function called warn", metadata + "package reeve.a.b\nviolation contains \"x\" if warn(1)\nwarn(x) if x == 1\n", "b", "a", violation},
	} {
		t.Run(test.name, func(t *testing.T) {
			module := parse(t, test.text)
			got, err := dialect.Native{}.Rule("dir/a.rego", module)
			if err != nil {
				t.Fatal(err)
			}
			if got.ID != test.id || got.Category != test.category {
				t.Errorf("read as %s in %s, want %s in %s", got.ID, got.Category, test.id, test.category)
			}
			if diff := cmp.Diff(test.entrypoints, got.Entrypoints); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if got.File != "dir/a.rego" || !got.Package.Equal(module.Package.Path) || got.Dialect.Name() != "native" || got.Title != "Test" || got.Builtin {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestNativeTakesModulesWithoutEntryPointForLibraries(t *testing.T) {
	for name, text := range map[string]string{
		"an empty package":           "package reeve.lib.a\n",
		"helpers":                    "package reeve.lib.a\nnames contains \"x\"\nf(x) := x + 1\n",
		"helpers with a description": onlyTitle + "package reeve.lib.a\nnames contains \"x\"\n",
		"a function called deny":     "package reeve.lib.a\ndeny(x) if x == 1\n",
		"violation in another place": "package reeve.lib.a\nlist.violation contains \"x\" if true\n",
	} {
		r, err := dialect.Native{}.Rule("a.rego", parse(t, text))
		if r != nil || err != nil {
			t.Errorf("%s: read as %v, error %v; want a library", name, r, err)
		}
	}
}

func TestNativeRefusesRulesThatCannotFindAnything(t *testing.T) {
	const shape = " is not a set of findings; write violation contains {\"msg\": ...} if { ... }"
	const nothing = "the rule finds nothing: it defines neither violation nor deny nor warn; write violation contains {\"msg\": ...} if { ... }"
	const noMetadata = "the package has no METADATA block; write one above it with a title and, under custom.reeve, severity and kinds"
	for _, test := range []struct {
		name, text string
		line       int
		message    string
	}{
		{"no metadata", "\n\npackage reeve.a.b\n" + finds, 3, noMetadata},
		{"metadata on the rule instead of the package", "package reeve.a.b\n" + metadata + finds, 1, noMetadata},
		{"a title without custom.reeve", onlyTitle + "package reeve.a.b\n" + finds, 1, "METADATA custom.reeve.severity is missing; use one of info, low, medium, high, critical"},
		{"bad metadata, at the line of the block", "# a comment\n\n" + metadata + "#     colour: red\npackage reeve.a.b\n" + finds, 3, "METADATA custom.reeve: unknown field colour"},
		{"no entry point", metadata + "package reeve.a.b\nviolations contains \"x\" if true\n", 1, nothing},
		{"an entry point that is a function", metadata + "package reeve.a.b\nviolation(x) if x == 1\n", 1, nothing},
		{"an entry point that is true or false", metadata + "package reeve.a.b\nviolation if input.object\n", 8, "violation" + shape},
		{"an entry point that is a string", metadata + "package reeve.a.b\n\nviolation := \"x\" if true\n", 9, "violation" + shape},
		{"an entry point that is an object", metadata + "package reeve.a.b\nviolation[\"a\"] := \"x\" if true\n", 8, "violation" + shape},
		{"an entry point that is a list", metadata + "package reeve.a.b\nviolation := [m | m := \"x\"]\n", 8, "violation" + shape},
		{"an entry point with a default", metadata + "package reeve.a.b\ndefault violation := []\nviolation := [\"x\"] if input.object\n", 8, "violation" + shape},
		{"an entry point in the syntax of old", metadata + "package reeve.a.b\nviolation[m] if m := \"x\"\n", 8, "violation" + shape},
		{"an entry point with parts", metadata + "package reeve.a.b\nviolation.part contains \"x\" if true\n", 8, "violation" + shape},
		{"one bad piece among good ones", metadata + "package reeve.a.b\n" + finds + "violation(x) if x == 1\n", 9, "violation" + shape},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := dialect.Native{}.Rule("a.rego", parse(t, test.text))
			problem, ok := errors.AsType[*rule.Problem](err)
			if r != nil || !ok {
				t.Fatalf("got %v, error %v; want a problem", r, err)
			}
			want := &rule.Problem{File: "a.rego", Line: test.line, Message: test.message}
			if diff := cmp.Diff(want, problem); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestNativeReadsFindings(t *testing.T) {
	for _, test := range []struct {
		value string
		want  rule.Violation
	}{
		{`"privileged"`, rule.Violation{Message: "privileged"}},
		{`{"msg": "privileged"}`, rule.Violation{Message: "privileged"}},
		{`{"msg": "privileged", "path": "spec", "container": "web"}`, rule.Violation{Message: "privileged", Path: "spec", Container: "web"}},
		{`{"msg": "größe 世界", "more": {"ignored": true}}`, rule.Violation{Message: "größe 世界"}},
		{`{"msg": "privileged", "path": null, "container": 7}`, rule.Violation{Message: "privileged"}},
	} {
		got, _, err := dialect.Native{}.Violation(nil, ast.MustParseTerm(test.value).Value)
		if err != nil || got != test.want {
			t.Errorf("%s is read as %+v, error %v", test.value, got, err)
		}
	}
}

func TestNativeRefusesWhatIsNoFinding(t *testing.T) {
	for value, want := range map[string]string{
		`7`:                          "a finding must be an object with msg or a string, not 7",
		`null`:                       "a finding must be an object with msg or a string, not null",
		`true`:                       "a finding must be an object with msg or a string, not true",
		`["x"]`:                      `a finding must be an object with msg or a string, not ["x"]`,
		`{"a", "b"}`:                 `a finding must be an object with msg or a string, not {"a", "b"}`,
		`{}`:                         "a finding has no msg, or msg is not a string",
		`{"message": "x"}`:           "a finding has no msg, or msg is not a string",
		`{"msg": 7}`:                 "a finding has no msg, or msg is not a string",
		`{"msg": "", "path": "a.b"}`: "a finding has no msg, or msg is not a string",
	} {
		if _, _, err := (dialect.Native{}).Violation(nil, ast.MustParseTerm(value).Value); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", value, err, want)
		}
	}
}

func TestEveryDialectHasANameOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range dialect.All() {
		if d.Name() == "" || seen[d.Name()] {
			t.Errorf("the name %q is empty or taken", d.Name())
		}
		seen[d.Name()] = true
	}
}
