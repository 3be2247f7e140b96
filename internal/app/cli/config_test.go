package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/config"
)

const configHead = "apiVersion: config.kubereeve.io/v1alpha1\nkind: ReeveConfiguration\n"

// configFile writes a configuration and returns its name, which has no spaces.
func configFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "reeve.yaml")
	if err := os.WriteFile(file, []byte(configHead+text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestConfigValidate(t *testing.T) {
	for _, test := range []struct {
		name     string
		text     string
		more     string // arguments
		code     int
		out, err string // FILE in out stands for the file's name
	}{
		{name: "a valid file", text: "modes:\n- {rules: [privileged, category:workloads], mode: deny}\n", out: "FILE is valid, revision "},
		{name: "a name that no rule has", text: "modes:\n- {rules: [priviledged], mode: deny}\n", code: 1, out: "FILE:4: modes[0].rules[0]: no rule matches priviledged; did you mean privileged?\n", err: "1 error\n"},
		{name: "a category that no rule has", text: "exceptions: {never: [category:workload]}\n", code: 1, out: "FILE:3: exceptions.never[0]: no rule matches category:workload; did you mean category:workloads?\n"},
		{name: "a glob that matches no rule", text: "rollouts:\n- rules: [\"x-*\"]\n  stages: [{mode: deny}]\n", code: 1, out: "FILE:4: rollouts[0].rules[0]: no rule matches x-*; reeve rules list lists them all\n"},
		{name: "a name that no rule has here", text: "failure:\n  rules:\n  - {rules: [mine], onError: deny}\nrules:\n  directories: [{path: /etc/reeve/rules}]\n", out: "FILE is valid", err: "FILE:5: failure.rules[0].rules[0]: no rule matches mine"},
		{name: "parameters", text: "modes:\n- {rules: [image], parameters: {registries: [a, b]}}\n", out: "FILE is valid"},
		{name: "a parameter that no rule has", text: "modes:\n- rules: [image, privileged]\n  parameters:\n    registres: [a]\n", code: 1, out: "FILE:6: modes[0].parameters.registres: none of the rules has such a parameter; did you mean registries?\n"},
		{name: "a parameter of a rule without any", text: "modes:\n- rules: [privileged]\n  parameters:\n    registries: [a]\n", code: 1, out: "FILE:6: modes[0].parameters.registries: none of the rules has such a parameter; remove it\n"},
		{name: "a parameter of another type", text: "modes:\n- rules: [\"*\"]\n  parameters:\n    registries: a\n", code: 1, out: "FILE:6: modes[0].parameters.registries: a is not of type array (rule image)\n"},
		{name: "an item of another type", text: "modes:\n- rules: [image]\n  parameters:\n    registries: [a, 1]\n", code: 1, out: "FILE:6: modes[0].parameters.registries: item 1: 1 is not of type string (rule image)\n"},
		{name: "many mistakes", text: "mdoes: []\nmodes:\n- {rules: [a], mode: block}\nexistingViolations: 1\n", code: 1, out: "FILE:3: mdoes: there is no such field; did you mean modes?\nFILE:5: modes[0].mode: \"block\" is not a mode; use one of off, audit, warn, deny\nFILE:5: modes[0].rules[0]: no rule matches a; reeve rules list lists them all\nFILE:6: existingViolations: \"1\" is unknown; use one of warn, enforce\n", err: "4 errors\n"},
		{name: "a name that no rule has, and a misspelt field", text: "modes:\n- rules: [priviledged]\n  mdoe: deny\n", code: 1,
			out: "FILE:4: modes[0].rules[0]: no rule matches priviledged; did you mean privileged?\nFILE:5: modes[0].mdoe: there is no such field; did you mean mode?\n", err: "2 errors\n"},
		{name: "rule files with errors", text: "modes:\n- {rules: [mine], mode: deny}\n", more: " --rules testdata/broken-rules", out: "FILE is valid", err: "warning: not all rules are known here; name those of the file with --rules\n"},
		{name: "a file that is missing beside it", text: "", more: " testdata/missing.yaml", code: 1, out: "testdata/missing.yaml: cannot be read: no such file or directory\n", err: "1 error\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := configFile(t, test.text)
			got := reeve(t, "", "config validate "+file+test.more+ours)
			out, err := strings.ReplaceAll(got.out, file, "FILE"), strings.ReplaceAll(got.err, file, "FILE")
			if got.code != test.code || !strings.Contains(out, test.out) || !strings.Contains(err, test.err) {
				t.Errorf("code %d\n%s\nstandard error:\n%s\nwant %d\n%s\n%s", got.code, out, err, test.code, test.out, test.err)
			}
		})
	}
}

func TestConfigValidateReadsStandardInput(t *testing.T) {
	if got := reeve(t, configHead, "config validate -"); got.code != 0 || !strings.HasPrefix(got.out, "<stdin> is valid, revision ") {
		t.Errorf("%+v", got)
	}
	if got := reeve(t, "kind: Pod\n", "config validate -"); got.code != 1 || !strings.HasPrefix(got.out, "<stdin>:1: apiVersion: is missing") {
		t.Errorf("%+v", got)
	}
}

func TestConfigDefaultsAreAValidConfiguration(t *testing.T) {
	defaults := reeve(t, "", "config defaults")
	if defaults.code != 0 {
		t.Fatal(defaults.err)
	}
	if got := reeve(t, defaults.out, "config validate -"); got.code != 0 {
		t.Errorf("%+v", got)
	}
}

func TestConfigSchemaIsPrinted(t *testing.T) {
	if got := reeve(t, "", "config schema"); got.code != 0 || got.out != string(config.Schema()) {
		t.Errorf("code %d, %d bytes", got.code, len(got.out))
	}
}

func TestWrongUseOfConfig(t *testing.T) {
	for line, want := range map[string]string{
		"config validate":                        "name at least one file, or - for standard input",
		"config vaildate x":                      "did you mean validate?",
		"config validate --no-builtin x":         "--no-builtin leaves no rules",
		"config defaults x":                      "unknown command",
		"config validate --mode deny reeve.yaml": "unknown flag: --mode",
	} {
		if got := reeve(t, "", line); got.code != 64 || !strings.Contains(got.err, want) {
			t.Errorf("%s: %+v", line, got)
		}
	}
}

func TestAuditHeedsTheConfiguration(t *testing.T) {
	modes := func(flags, text string) []string {
		var modes []string
		for _, f := range auditJSON(t, "", "-f testdata/manifests/web.yaml --config "+configFile(t, text)+flags+ours).Findings {
			if entry := f.Rule + " " + f.Mode; len(modes) == 0 || modes[len(modes)-1] != entry {
				modes = append(modes, entry)
			}
		}
		return modes
	}
	for _, test := range []struct {
		name, flags, text string
		want              []string
	}{
		{"modes", " --select privileged", "modes:\n- {rules: [severity:critical, privileged], mode: audit}\n", []string{"privileged audit"}},
		{"off", " --select privileged,image", "modes:\n- {rules: [privileged], mode: off}\n", []string{"image warn"}},
		{"an entry for another namespace", " --select privileged", "modes:\n- {rules: [privileged], mode: audit, namespaces: {names: [bank]}}\n", []string{"privileged deny"}},
		{"an entry for the namespace's label", " --select privileged", "modes:\n- {rules: [privileged], mode: audit, namespaces: {labels: {matchLabels: {team: web}}}}\n", []string{"privileged audit"}},
		{"a rollout after modes", " --select privileged", "modes:\n- {rules: [privileged], mode: deny}\nrollouts:\n- {rules: [privileged], stages: [{mode: audit}]}\n", []string{"privileged audit"}},
		{"a stage whose time has not come", " --select privileged", "rollouts:\n- rules: [privileged]\n  stages:\n  - {mode: audit}\n  - {mode: deny, from: 2999-01-01T00:00:00Z}\n", []string{"privileged audit"}},
		{"a stage whose time has come", " --select privileged", "rollouts:\n- rules: [privileged]\n  stages:\n  - {mode: audit}\n  - {mode: deny, from: 2020-01-01T00:00:00Z}\n", []string{"privileged deny"}},
		{"a flag that wins", " --select privileged --mode-for privileged=audit", "modes:\n- {rules: [privileged], mode: deny}\n", []string{"privileged audit"}},
		{"parameters", " --select image", "modes:\n- {rules: [image], parameters: {registries: [registry.example.com, docker.io]}}\n", nil},
		{"the last of several parameters", " --select image", "modes:\n- {rules: [\"*\"], parameters: {registries: []}}\n- {rules: [image], parameters: {registries: [registry.example.com, docker.io]}}\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, modes(test.flags, test.text)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestCommandsRefuseABadConfiguration(t *testing.T) {
	file := configFile(t, "modes:\n- {rules: [a], mode: block}\nrollouts: 1\n")
	for _, command := range []string{"audit -f testdata/manifests", "rules list", "rules show privileged"} {
		got := reeve(t, "", command+" --config "+file+ours)
		want := "error: " + file + ":4: modes[0].mode: \"block\" is not a mode; use one of off, audit, warn, deny\nerror: " + file + ":5: rollouts: must be a list"
		if got.code != 1 || !strings.HasPrefix(got.err, want) || got.out != "" {
			t.Errorf("%s: %+v", command, got)
		}
	}
	got := reeve(t, "", "rules list --config "+configFile(t, "modes:\n- {rules: [nothing], mode: deny}\n")+ours)
	if got.code != 0 || strings.Count(got.err, "warning: ") != 1 || !strings.Contains(got.err, "modes[0].rules[0]: no rule matches nothing") {
		t.Errorf("%+v", got)
	}
}

func TestRulesListShowsTheConfiguredModes(t *testing.T) {
	got := reeve(t, "", "rules list --select privileged --config "+configFile(t, "modes:\n- {rules: [privileged], mode: off}\n")+ours)
	if got.code != 0 || !strings.Contains(got.out, " off ") {
		t.Errorf("%+v", got)
	}
}

// TestTheGuidesExamplesAreValid holds the examples of the guide against the
// built-in rules.
func TestTheGuidesExamplesAreValid(t *testing.T) {
	guide, err := os.ReadFile("../../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := 0
	for _, block := range strings.Split(string(guide), "```yaml\n")[1:] {
		example, _, _ := strings.Cut(block, "```\n")
		if !strings.Contains(example, "kind: ReeveConfiguration\n") {
			continue // the kustomization that brings one
		}
		examples++
		if got := reeve(t, example, "config validate -"); got.code != 0 || got.err != "" {
			t.Errorf("%s\n%s%s", example, got.out, got.err)
		}
	}
	if examples < 7 {
		t.Errorf("%d examples found", examples)
	}
}
