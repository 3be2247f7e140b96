package rule_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
)

// file returns a rule's file, or a library's when the rule is nil.
func file(t testing.TB, name string, r *rule.Rule) rule.File {
	t.Helper()
	text := "# a comment\npackage reeve.test." + strings.TrimSuffix(name, ".rego") + "\n"
	if r != nil {
		r.File = name
	}
	return rule.File{Name: name, Source: []byte(text), Module: parse(t, name, text), Rule: r}
}

func ids(set *rule.Set) []string {
	var ids []string
	for _, r := range set.Rules() {
		ids = append(ids, r.ID)
	}
	return ids
}

func mustSet(t testing.TB, files ...rule.File) *rule.Set {
	t.Helper()
	set, problems := rule.NewSet(files)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return set
}

func TestASetIsOrderedByIDAndFindsEveryRule(t *testing.T) {
	set := mustSet(t,
		file(t, "c.rego", &rule.Rule{ID: "host-pid"}),
		file(t, "lib.rego", nil),
		file(t, "a.rego", &rule.Rule{ID: "zebra"}),
		file(t, "b.rego", &rule.Rule{ID: "apple"}),
	)
	if diff := cmp.Diff([]string{"apple", "host-pid", "zebra"}, ids(set)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, r := range set.Rules() {
		if set.Rule(r.ID) != r {
			t.Errorf("rule %s is not found by its id", r.ID)
		}
	}
	for _, id := range []string{"", "host", "host-pid-2", "HOST-PID", "zzz"} {
		if r := set.Rule(id); r != nil {
			t.Errorf("%q finds rule %s", id, r.ID)
		}
	}
	if got := len(set.Files()); got != 4 {
		t.Errorf("%d files, want 4", got)
	}
}

func TestTheFirstFileOfAnIDWins(t *testing.T) {
	set, problems := rule.NewSet([]rule.File{
		file(t, "first.rego", &rule.Rule{ID: "host-pid"}),
		file(t, "second.rego", &rule.Rule{ID: "host-pid"}),
		file(t, "third.rego", &rule.Rule{ID: "other"}),
	})
	want := []*rule.Problem{{File: "second.rego", Line: 2, Message: "the rule id host-pid is taken by first.rego; rename the package"}}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if set.Rule("host-pid").File != "first.rego" || len(set.Rules()) != 2 || len(set.Files()) != 2 {
		t.Errorf("kept %v of %d files", ids(set), len(set.Files()))
	}
}

func TestTheRevisionIsThatOfTheContent(t *testing.T) {
	load := func() []rule.File {
		return []rule.File{file(t, "a.rego", &rule.Rule{ID: "a"}), file(t, "lib.rego", nil)}
	}
	original := mustSet(t, load()...).Revision()
	if len(original) != 12 {
		t.Errorf("revision %q", original)
	}
	if again := mustSet(t, load()...).Revision(); again != original {
		t.Errorf("the same files have revisions %s and %s", original, again)
	}
	for name, change := range map[string]func([]rule.File) []rule.File{
		"a rule's text":        func(f []rule.File) []rule.File { f[0].Source = append(f[0].Source, '\n'); return f },
		"a library's text":     func(f []rule.File) []rule.File { f[1].Source = append(f[1].Source, '\n'); return f },
		"a file's name":        func(f []rule.File) []rule.File { f[0].Name = "b.rego"; return f },
		"one file less":        func(f []rule.File) []rule.File { return f[:1] },
		"one file more":        func(f []rule.File) []rule.File { return append(f, file(t, "b.rego", nil)) },
		"no file":              func([]rule.File) []rule.File { return nil },
		"text moved to a name": func(f []rule.File) []rule.File { f[0].Name += string(f[0].Source); f[0].Source = nil; return f },
	} {
		if set := mustSet(t, change(load())...); set.Revision() == original {
			t.Errorf("%s: the revision is still %s", name, original)
		}
	}
}

func TestAFilteredSetKeepsItsLibrariesAndHasARevisionOfItsOwn(t *testing.T) {
	set := mustSet(t,
		file(t, "lib.rego", nil),
		file(t, "a.rego", &rule.Rule{ID: "a"}),
		file(t, "b.rego", &rule.Rule{ID: "b"}),
	)
	filtered := set.Filter(func(r *rule.Rule) bool { return r.ID == "b" })
	if diff := cmp.Diff([]string{"b"}, ids(filtered)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := len(filtered.Files()); got != 2 {
		t.Errorf("%d files, want the rule's and the library's", got)
	}
	if filtered.Revision() == set.Revision() {
		t.Error("the filtered set has the revision of the whole one")
	}
	if filtered.Rule("a") != nil || set.Rule("a") == nil {
		t.Error("the filter did not take a out of the filtered set alone")
	}
	if whole := set.Filter(func(*rule.Rule) bool { return true }); whole.Revision() != set.Revision() {
		t.Error("a filter that keeps everything changes the revision")
	}
	if empty := set.Filter(func(*rule.Rule) bool { return false }); len(empty.Rules()) != 0 || len(empty.Files()) != 1 {
		t.Error("a filter that keeps nothing left a rule, or took the library")
	}
}

func TestAnEmptySetAnswersEverything(t *testing.T) {
	set := mustSet(t)
	if set.Rules() != nil || set.Files() != nil || set.Kinds() != nil || set.Needs() != nil || set.Rule("a") != nil || set.Revision() == "" {
		t.Errorf("%+v", set)
	}
}

func TestKindsAndNeedsAreThoseOfAllRules(t *testing.T) {
	pod, role := schema.GroupKind{Kind: "Pod"}, schema.GroupKind{Group: "rbac.authorization.k8s.io", Kind: "Role"}
	policy, namespace, node := schema.GroupKind{Group: "networking.k8s.io", Kind: "NetworkPolicy"}, schema.GroupKind{Kind: "Namespace"}, schema.GroupKind{Kind: "Node"}
	files := []rule.File{
		file(t, "a.rego", &rule.Rule{ID: "a", Kinds: []schema.GroupKind{role, pod}, Inventory: []rule.Need{{Kind: policy, Sample: true}, {Kind: node, Sample: true}}}),
		file(t, "b.rego", &rule.Rule{ID: "b", Kinds: []schema.GroupKind{pod}, Inventory: []rule.Need{{Kind: namespace}, {Kind: policy}, {Kind: node, Sample: true}}}),
		file(t, "c.rego", &rule.Rule{ID: "c", Kinds: []schema.GroupKind{pod}, Inventory: []rule.Need{{Kind: policy, Sample: true}, {Kind: namespace, Optional: true}, {Kind: role, Optional: true}}}),
	}
	for range files { // a kind that one rule needs whole stays whole in any order
		set := mustSet(t, files...)
		if diff := cmp.Diff([]schema.GroupKind{pod, role}, set.Kinds()); diff != "" {
			t.Errorf("kinds (-want +got)\n%s", diff)
		}
		if diff := cmp.Diff([]rule.Need{{Kind: namespace}, {Kind: node, Sample: true}, {Kind: policy}, {Kind: role, Optional: true}}, set.Needs()); diff != "" {
			t.Errorf("needs (-want +got)\n%s", diff)
		}
		files = append(files[1:], files[0])
		for i := range files { // ids decide the order
			files[i].Rule.ID = string(rune('a' + i))
		}
	}
}

func TestASelectorChoosesByAnyOfItsTerms(t *testing.T) {
	set := mustSet(t,
		file(t, "a.rego", &rule.Rule{ID: "host-ipc", Category: "workloads", Severity: finding.High}),
		file(t, "b.rego", &rule.Rule{ID: "host-pid", Category: "workloads", Severity: finding.High}),
		file(t, "c.rego", &rule.Rule{ID: "rbac-wildcard", Category: "rbac", Severity: finding.Critical, Controls: map[string][]string{"cis": {"5.1.3"}}}),
		file(t, "d.rego", &rule.Rule{ID: "image-tag-latest", Category: "workloads", Severity: finding.Low}),
	)
	for _, test := range []struct {
		terms     []string
		want      []string
		unmatched []string
	}{
		{nil, nil, nil},
		{[]string{"host-pid"}, []string{"host-pid"}, nil},
		{[]string{"host-*"}, []string{"host-ipc", "host-pid"}, nil},
		{[]string{"host-?pc"}, []string{"host-ipc"}, nil},
		{[]string{"host-[a-i]*"}, []string{"host-ipc"}, nil},
		{[]string{"*"}, []string{"host-ipc", "host-pid", "image-tag-latest", "rbac-wildcard"}, nil},
		{[]string{"category:rbac"}, []string{"rbac-wildcard"}, nil},
		{[]string{"framework:cis"}, []string{"rbac-wildcard"}, nil},
		{[]string{"framework:nsa"}, nil, []string{"framework:nsa"}},
		{[]string{"severity:high"}, []string{"host-ipc", "host-pid"}, nil},
		{[]string{"severity:critical", "image-tag-latest"}, []string{"image-tag-latest", "rbac-wildcard"}, nil},
		{[]string{"host-pid", "host"}, []string{"host-pid"}, []string{"host"}},
		{[]string{"HOST-PID", "category:RBAC", "severity:info", "x-*"}, nil, []string{"HOST-PID", "category:RBAC", "severity:info", "x-*"}},
		{[]string{"category:"}, nil, []string{"category:"}},
	} {
		t.Run(strings.Join(test.terms, ","), func(t *testing.T) {
			selector, err := rule.ParseSelector(test.terms)
			if err != nil {
				t.Fatal(err)
			}
			if selector.Empty() != (len(test.terms) == 0) {
				t.Errorf("empty: %t", selector.Empty())
			}
			if got := ids(set.Filter(selector.Matches)); !slices.Equal(got, test.want) {
				t.Errorf("chosen %v, want %v", got, test.want)
			}
			if got := selector.Unmatched(set); !slices.Equal(got, test.unmatched) {
				t.Errorf("unmatched %v, want %v", got, test.unmatched)
			}
		})
	}
}

func TestParseSelectorRefusesWhatNoRuleCanMatch(t *testing.T) {
	for term, want := range map[string]string{
		"":               `"" is not a rule id or a glob of ids`,
		"host-[":         `"host-[" is not a rule id or a glob of ids`,
		"host-[a":        `"host-[a" is not a rule id or a glob of ids`,
		`host-\`:         `"host-\\" is not a rule id or a glob of ids`,
		"severity:worst": `"worst" is not a severity; use one of info, low, medium, high, critical`,
		"severity:":      `"" is not a severity; use one of info, low, medium, high, critical`,
		"kind:Pod":       `"kind:Pod": use a rule id, a glob of ids, category:NAME, severity:NAME or framework:NAME`,
		":":              `":": use a rule id, a glob of ids, category:NAME, severity:NAME or framework:NAME`,
	} {
		if _, err := rule.ParseSelector([]string{"host-pid", term}); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", term, err, want)
		}
	}
}

func TestProblemsNameFileAndLine(t *testing.T) {
	problems := []*rule.Problem{{File: "b.rego", Line: 3, Message: "third"}, {File: "a.rego", Line: 7, Message: "second"}, {File: "a.rego", Message: "first"}}
	rule.SortProblems(problems)
	got := []string{}
	for _, problem := range problems {
		got = append(got, problem.Error())
	}
	if diff := cmp.Diff([]string{"a.rego: first", "a.rego:7: second", "b.rego:3: third"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestProblemsOfOPAAreOnePerFile(t *testing.T) {
	at := func(file string, row int) *ast.Location { return &ast.Location{File: file, Row: row} }
	got := rule.ProblemsOf(ast.Errors{
		{Code: ast.ParseErr, Message: "first", Location: at("a.rego", 3)},
		{Code: ast.TypeErr, Message: "explained by the first", Location: at("a.rego", 9)},
		{Code: ast.CompileErr, Message: "of another file", Location: at("b.rego", 1)},
		{Code: ast.CompileErr, Message: "of no file"},
	})
	want := []*rule.Problem{
		{File: "a.rego", Line: 3, Message: "rego_parse_error: first"},
		{File: "b.rego", Line: 1, Message: "rego_compile_error: of another file"},
		{Message: "rego_compile_error: of no file"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Some of what a rule is stands in other files than its own.
func TestTheRevisionKnowsWhatOtherFilesSayOfARule(t *testing.T) {
	plain := func() *rule.Rule { return &rule.Rule{ID: "mine", Severity: finding.Low} }
	before := mustSet(t, file(t, "a.rego", plain())).Revision()
	if again := mustSet(t, file(t, "a.rego", plain())).Revision(); again != before {
		t.Errorf("the same rule has the revisions %s and %s", before, again)
	}
	for name, change := range map[string]func(*rule.Rule){
		"severity":    func(r *rule.Rule) { r.Severity = finding.High },
		"remediation": func(r *rule.Rule) { r.Remediation = "Do it." },
		"controls":    func(r *rule.Rule) { r.Controls = map[string][]string{"nsa": {"1"}} },
		"inventory":   func(r *rule.Rule) { r.Inventory = []rule.Need{{Kind: schema.GroupKind{Kind: "Node"}}} },
	} {
		changed := plain()
		change(changed)
		if mustSet(t, file(t, "a.rego", changed)).Revision() == before {
			t.Errorf("another %s leaves the revision as it is", name)
		}
	}
}
