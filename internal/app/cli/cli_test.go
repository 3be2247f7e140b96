package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/app/cli/output"
	"github.com/kubereeve/reeve/internal/app/cli/terminal"
)

var update = flag.Bool("update", false, "write the golden files anew")

// answer is what a run wrote and how it ended.
type answer struct {
	out, err string
	code     int
}

// reeve runs the program within the test. Its arguments stand in one line.
func reeve(t *testing.T, stdin string, line string) answer {
	t.Helper()
	return reeveWith(t, stdin, strings.Fields(line)...)
}

func reeveWith(t *testing.T, stdin string, arguments ...string) answer {
	t.Helper()
	var out, err bytes.Buffer
	code := Run(context.Background(), Streams{In: strings.NewReader(stdin), Out: &out, Err: &err}, "/usr/bin/reeve", arguments)
	return answer{out: out.String(), err: err.String(), code: code}
}

// ours leaves the built-in rules out, so that the tests do not change with them.
const ours = " --no-builtin --rules testdata/rules "

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; go test ./internal/app/cli -update writes it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is another (-want +got); where that is right, go test ./internal/app/cli -update writes it anew:\n%s", file, diff)
	}
}

func TestOutput(t *testing.T) {
	tests := []struct{ name, line string }{
		{"table-80.txt", "audit -f testdata/manifests --width 80" + ours},
		{"table-120.txt", "audit -f testdata/manifests" + ours},
		{"table-color.txt", "audit -f testdata/manifests --color always --select privileged" + ours},
		{"audit.json", "audit -f testdata/manifests -o json" + ours},
		{"rules-list-80.txt", "rules list --width 80" + ours},
		{"rules-list-120.txt", "rules list" + ours},
		{"rules-list.json", "rules list -o json --select category:workloads" + ours},
		{"rules-show-privileged.txt", "rules show privileged --width 80" + ours},
		{"rules-show-image.txt", "rules show image --mode deny --width 80" + ours},
		{"rules-show-budget.json", "rules show budget -o json" + ours},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := reeve(t, "", test.line)
			golden(t, test.name, got.out)
			if again := reeve(t, "", test.line); again.out != got.out {
				t.Error("a second run writes something else")
			}
		})
	}
}

func TestTablesFitTheirWidth(t *testing.T) {
	for _, columns := range []string{"40", "60", "80", "100", "160"} {
		for _, command := range []string{"audit -f testdata/manifests", "rules list", "rules show image"} {
			got := reeve(t, "", command+ours+"--width "+columns)
			for line := range strings.Lines(got.out) {
				if wide := terminal.Width(strings.TrimRight(line, "\n")); wide > len(strings.Repeat(" ", atoi(t, columns))) {
					t.Errorf("%s --width %s: a line of %d columns: %q", command, columns, wide, line)
				}
			}
		}
	}
}

func TestExitCodes(t *testing.T) {
	tests := []struct {
		name  string
		line  string
		stdin string
		want  int
		err   string // must be in what is written to standard error
	}{
		{name: "no findings", line: "audit -f - --select role" + ours, stdin: namespace, want: 0},
		{name: "findings", line: "audit -f testdata/manifests/web.yaml" + ours, want: 2},
		{name: "findings with --exit-zero", line: "audit -f testdata/manifests/web.yaml --exit-zero" + ours, want: 0},
		{name: "an error with --exit-zero", line: "audit -f testdata/missing --exit-zero" + ours, want: 1, err: "error: testdata/missing: no such file or directory\n1 error: the result is not complete\n"},
		{name: "an error beside findings", line: "audit -f testdata/missing -f testdata/manifests/web.yaml" + ours, want: 1},
		{name: "no arguments", line: "", want: 0},
		{name: "help", line: "audit --help", want: 0},
		{name: "version", line: "version", want: 0},
		{name: "unknown command", line: "audti", want: 64, err: "did you mean audit?"},
		{name: "unknown command below rules", line: "rules lsit", want: 64, err: "did you mean list?"},
		{name: "unknown flag", line: "audit --filenam x", want: 64, err: "unknown flag: --filenam\nSee 'reeve audit --help'.\n"},
		{name: "unwanted argument", line: "audit file.yaml", want: 64},
		{name: "unknown output", line: "audit -f x -o xml", want: 64, err: `--output: "xml" is unknown; use table, wide, json, yaml, csv, markdown, sarif, junit or html`},
		{name: "unknown colour", line: "audit -f x --color red", want: 64},
		{name: "negative width", line: "audit -f x --width -1", want: 64},
		{name: "not a number", line: "audit -f x --width wide", want: 64},
		{name: "unknown mode", line: "audit -f x --mode strict", want: 64, err: "--mode"},
		{name: "unknown rule to select", line: "audit -f x --select priviledged" + ours, want: 64, err: "did you mean privileged?"},
		{name: "unknown rule in --mode-for", line: "audit -f x --mode-for role-=deny" + ours, want: 64, err: "did you mean role?"},
		{name: "no rules at all", line: "audit -f x --no-builtin", want: 64},
		{name: "a cluster's flag beside files", line: "audit -f x --context y", want: 64, err: "use one of them"},
		{name: "one namespace and all", line: "audit -n a -A", want: 64},
		{name: "missing kubeconfig", line: "audit --kubeconfig testdata/missing", want: 1, err: "testdata/missing"},
		{name: "malformed kubeconfig", line: "audit --kubeconfig testdata/rules/role.rego", want: 1, err: "kubeconfig"},
		{name: "unknown context", line: "audit --kubeconfig testdata/kubeconfig --context nowhere", want: 1, err: "nowhere"},
		{name: "no rule named", line: "rules show", want: 64},
		{name: "unknown rule to show", line: "rules show PrivilegedAllowd" + ours, want: 1, err: `there is no rule "PrivilegedAllowd"; did you mean`},
		{name: "a rule's name elsewhere", line: "rules show PrivilegedAllowed" + ours, want: 1, err: "did you mean privileged?"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := reeve(t, test.stdin, test.line)
			if got.code != test.want {
				t.Errorf("exit code %d, want %d; standard error: %s", got.code, test.want, got.err)
			}
			if !strings.Contains(got.err, test.err) {
				t.Errorf("standard error does not say %q: %s", test.err, got.err)
			}
			if (test.want == 64 || test.want == 1) && got.err == "" {
				t.Error("nothing on standard error")
			}
		})
	}
}

const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n"

const privilegedPod = `apiVersion: v1
kind: Pod
metadata: {name: a, namespace: shop}
spec:
  containers:
  - {name: a, image: registry.example.com/a:1, securityContext: {privileged: true}}
`

// audit returns the JSON result of an audit.
func auditJSON(t *testing.T, stdin, line string) jsonOutput {
	t.Helper()
	got := reeve(t, stdin, "audit -o json "+line)
	var out jsonOutput
	if err := json.Unmarshal([]byte(got.out), &out); err != nil {
		t.Fatalf("%v in %q; standard error: %s", err, got.out, got.err)
	}
	return out
}

type jsonOutput struct {
	Findings []struct {
		Rule, Mode, Message, Path string
		Resource                  output.Identity
		Source                    struct {
			File string
			Line int
		}
	}
	Summary output.Summary
	Errors  []output.Failure
}

func (o jsonOutput) rules() []string {
	var rules []string
	for _, f := range o.Findings {
		rules = append(rules, f.Resource.Name+" "+f.Rule)
	}
	return rules
}

func TestAuditGoesOnBesideWhatIsBroken(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"good.yaml":   privilegedPod,
		"broken.yaml": namespace + "---\na: b: c\n---\n" + privilegedPod,
		"pod.json":    `{"apiVersion": "v1", "kind": "Pod"`,
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling.yaml")); err != nil {
		t.Fatal(err)
	}
	got := auditJSON(t, "", "-f "+dir+ours)
	if len(got.Findings) != 2 || got.Summary.Resources != 3 {
		t.Errorf("findings %v of %d resources, want those of two pods of 3", got.rules(), got.Summary.Resources)
	}
	var places []string
	for _, err := range got.Errors {
		places = append(places, strings.TrimPrefix(output.Location(err.File, err.Line), dir+"/"))
	}
	if diff := cmp.Diff([]string{"broken.yaml:5", "dangling.yaml", "pod.json:1"}, places); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestAuditGoesOnBesideBrokenRules(t *testing.T) {
	got := reeve(t, privilegedPod, "audit -f - -o json --rules testdata/broken-rules"+ours)
	if got.code != 1 {
		t.Errorf("exit code %d, want 1", got.code)
	}
	var out jsonOutput
	if err := json.Unmarshal([]byte(got.out), &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a privileged"}, out.rules()); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	for _, want := range []string{
		"warning: testdata/broken-rules/syntax.rego:4: ",
		"warning: testdata/broken-rules/unknown_function.rego:9: ",
		"error: <stdin>:1: Pod shop/a: rule conflict: eval: ",
		"3 errors: the result is not complete",
	} {
		if !strings.Contains(got.err, want) {
			t.Errorf("standard error does not say %q: %s", want, got.err)
		}
	}
	if len(out.Errors) != 3 {
		t.Errorf("errors %+v, want three", out.Errors)
	}
}

func TestRulesListTellsBrokenRules(t *testing.T) {
	got := reeve(t, "", "rules list --rules testdata/broken-rules"+ours)
	if got.code != 1 || !strings.Contains(got.err, "unknown_function.rego:9") || strings.Contains(got.out, "unknown-function") {
		t.Errorf("exit code %d, standard error %s, output %s", got.code, got.err, got.out)
	}
	for _, rules := range []string{"testdata/missing", "testdata/rules/role.rego", t.TempDir()} {
		if got := reeve(t, "", "rules list --rules "+rules); got.code != 1 || !strings.Contains(got.err, "warning: "+rules) {
			t.Errorf("--rules %s: exit code %d, standard error %s", rules, got.code, got.err)
		}
	}
}

func TestAuditSelectsAndSetsModes(t *testing.T) {
	tests := []struct {
		name, line string
		want       []string // rule=mode
	}{
		{"by id", "--select privileged", []string{"privileged=deny"}},
		{"by glob, category and severity", "--select priv*,category:availability --select severity:medium", []string{"privileged=deny", "image=warn", "budget=warn"}},
		{"skipping", "--skip category:workloads", []string{"budget=warn"}},
		{"selecting and skipping", "--select category:workloads --skip image", []string{"privileged=deny"}},
		{"a mode for all", "--mode audit", []string{"privileged=audit", "image=audit", "budget=audit", "team=audit"}},
		{"a mode for one", "--mode-for image=deny --mode-for budget=off", []string{"privileged=deny", "image=deny"}},
	}
	manifests := strings.Replace(privilegedPod, "registry.example.com/", "", 1) + "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: b}\n"
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, f := range auditJSON(t, manifests, "-f - "+test.line+ours).Findings {
				got = append(got, f.Rule+"="+f.Mode)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAuditUsesTheBuiltInRules(t *testing.T) {
	got := auditJSON(t, privilegedPod, "-f - --select privileged-container")
	if diff := cmp.Diff([]string{"a privileged-container"}, got.rules()); diff != "" || got.Findings[0].Source.Line != 6 {
		t.Errorf("findings %+v (-want +got):\n%s", got.Findings, diff)
	}
}

func TestPluginCallsItselfAsKubectlDoes(t *testing.T) {
	var out, err bytes.Buffer
	code := Run(context.Background(), Streams{Out: &out, Err: &err}, "/opt/bin/kubectl-reeve", []string{"audit", "--help"})
	if code != 0 || !strings.Contains(out.String(), "kubectl reeve audit [-f FILE|DIR|-]") {
		t.Errorf("exit code %d, help: %s", code, out.String())
	}
	Run(context.Background(), Streams{Out: &out, Err: &err}, "/opt/bin/kubectl-reeve", []string{"audit", "--nothing"})
	if !strings.Contains(err.String(), "See 'kubectl reeve audit --help'.") {
		t.Errorf("standard error: %s", err.String())
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if got := reeve(t, "", "completion "+shell); got.code != 0 || !strings.Contains(got.out, "reeve") {
			t.Errorf("%s: exit code %d, %d bytes", shell, got.code, len(got.out))
		}
	}
	tests := []struct {
		name string
		line []string
		want []string // must be among the words
	}{
		{"ids to show", []string{"rules", "show", "--no-builtin", "--rules", "testdata/rules", ""}, []string{"budget", "image", "privileged", "role", "team"}},
		{"nothing after the id", []string{"rules", "show", "privileged-container", ""}, nil},
		{"terms to select", []string{"audit", "--no-builtin", "--rules", "testdata/rules", "--select", ""}, []string{"role", "category:rbac", "severity:high"}},
		{"the second term of a list", []string{"audit", "--no-builtin", "--rules", "testdata/rules", "--skip", "role,"}, []string{"role,budget", "role,category:rbac"}},
		{"rules for modes", []string{"audit", "--no-builtin", "--rules", "testdata/rules", "--mode-for", ""}, []string{"role="}},
		{"modes for a rule", []string{"audit", "--mode-for", "role="}, []string{"role=deny", "role=off"}},
		{"formats", []string{"audit", "-o", ""}, []string{"table", "json"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := reeveWith(t, "", append([]string{"__complete"}, test.line...)...)
			words := make(map[string]bool)
			count := 0
			for line := range strings.Lines(got.out) {
				word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
				if words[word] = true; !strings.HasPrefix(word, ":") {
					count++
				}
			}
			for _, word := range test.want {
				if !words[word] {
					t.Errorf("%q is not offered: %s", word, got.out)
				}
			}
			if test.want == nil && count != 0 {
				t.Errorf("offered: %s", got.out)
			}
		})
	}
}
