package config_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/config"
	"github.com/kubereeve/reeve/internal/config/v1alpha1"
	"github.com/kubereeve/reeve/internal/finding"
)

var update = flag.Bool("update", false, "write the golden files anew")

// head is what every configuration begins with: two lines.
const head = "apiVersion: config.kubereeve.io/v1alpha1\nkind: ReeveConfiguration\n"

func full(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func decode(t testing.TB, text string) *config.Document {
	t.Helper()
	document, err := config.Decode("reeve.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func TestDefaultsAreGolden(t *testing.T) {
	got, err := config.Defaults()
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/defaults.golden.yaml"
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the defaults are others (-want +got); where that is right, go test ./internal/config -update writes them anew:\n%s", diff)
	}
	if diff := cmp.Diff(config.Default(), decode(t, string(got)).Complete()); diff != "" {
		t.Errorf("the defaults read as something else (-want +got):\n%s", diff)
	}
}

func TestAnEmptyConfigurationMeansTheDefaults(t *testing.T) {
	document := decode(t, head)
	if diff := cmp.Diff(config.Default(), document.Complete()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if document.Revision() != decode(t, head+"existingViolations: warn # as it is anyway\nmodes:\n").Revision() {
		t.Error("comments, empty fields and defaults that are written out change the revision")
	}
	if document.Revision() == decode(t, head+"existingViolations: enforce\n").Revision() {
		t.Error("what is configured does not change the revision")
	}
}

func TestEverythingIsRead(t *testing.T) {
	document := decode(t, string(full(t)))
	got := document.Config
	second := got.Modes[1]
	from := time.Date(2026, 8, 31, 22, 0, 0, 0, time.UTC)
	if second.Name != "the ci may not" || *second.Mode != finding.Deny || !second.From.Equal(from) ||
		second.Namespaces.Labels.MatchExpressions[0].Values[1] != "api" || second.Users[1] != "group:developers" || second.Operations[1] != "UPDATE" {
		t.Errorf("%+v", second)
	}
	if *got.Modes[2].Mode != finding.Off {
		t.Errorf("off, without quotes, is %v", got.Modes[2].Mode)
	}
	parameters := map[string]any{
		"registries": []any{"registry.example.com", "eu.gcr.io/*"}, "depth": 3.0, "strict": true,
		"by-team": map[string]any{"web": []any{"a"}, "api": []any{}},
	}
	if diff := cmp.Diff(parameters, got.Modes[3].Parameters); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	if got.Rollouts[0].Stages[2].From == nil || *got.NamespaceLabel.Enabled || got.ExistingViolations != v1alpha1.EnforceOnExisting ||
		*got.Exceptions.MaxDuration != v1alpha1.Duration(30*24*time.Hour) || got.Failure.Rules[0].OnError != v1alpha1.AllowOnError ||
		got.Rules.Directories[1].Trusted.HTTPHosts[0] != "cmdb.example.com" || *got.RecentAdmissions.Size != 200 {
		t.Errorf("%+v", got)
	}
	if before := *got; !cmp.Equal(&before, got) || !cmp.Equal(document.Complete(), got) {
		t.Errorf("defaults change what is written: %s", cmp.Diff(got, document.Complete()))
	}
	again, err := config.Encode(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, decode(t, string(again)).Config); diff != "" {
		t.Errorf("written and read again it is another (-want +got):\n%s", diff)
	}
}

func TestJSONIsReadAsWell(t *testing.T) {
	document := decode(t, `{"apiVersion": "config.kubereeve.io/v1alpha1", "kind": "ReeveConfiguration", "modes": [{"rules": ["a"], "mode": "off"}]}`)
	if *document.Config.Modes[0].Mode != finding.Off {
		t.Error(document.Config.Modes)
	}
}

func TestALineIsThatOfTheNearestField(t *testing.T) {
	document := decode(t, head+"modes:\n- rules:\n  - a\n  - b\n  mode: deny\n  parameters: {}\n"[:len("modes:\n- rules:\n  - a\n  - b\n  mode: deny\n")])
	for path, want := range map[string]int{
		"": 1, "modes": 3, "modes[0]": 4, "modes[0].rules": 4, "modes[0].rules[1]": 6, "modes[0].mode": 7,
		"modes[0].namespaces.names[3]": 4, "modes[7].mode": 3, "rules.budget": 1,
	} {
		problem := document.Problem(path, "is wrong")
		if want := fmt.Sprintf("reeve.yaml:%d: ", want); !strings.HasPrefix(problem.Error(), want) {
			t.Errorf("%s: %s, want %s", path, problem, want)
		}
	}
}

func TestAllProblemsAreListedInTheirOrder(t *testing.T) {
	_, err := config.Decode("reeve.yaml", []byte(head+`mdoes: []
modes:
- rules: [host-*, "severity:hgh"]
  mode: dney
- mode: false
  mode: warn
rollouts: none
`))
	problems, ok := errors.AsType[config.Problems](err)
	if !ok {
		t.Fatal(err)
	}
	want := `reeve.yaml:3: mdoes: there is no such field; did you mean modes?
reeve.yaml:5: modes[0].rules[1]: "hgh" is not a severity; use one of info, low, medium, high, critical; did you mean high?
reeve.yaml:6: modes[0].mode: "dney" is not a mode; use one of off, audit, warn, deny; did you mean deny?
reeve.yaml:7: modes[1].mode: false is not a mode; some tools make it of off: write mode: "off"
reeve.yaml:7: modes[1]: has no rules; name them by id, glob of ids, category:NAME, severity:NAME or framework:NAME, or write rules: ["*"] for all
reeve.yaml:8: modes[1].mode: is there already, in line 7; remove one of them
reeve.yaml:9: rollouts: must be a list, as in [a, b], and is the text "none"`
	if diff := cmp.Diff(want, problems.Error()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestFilesThatCannotBeReadAreProblems(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large.yaml")
	if err := os.WriteFile(large, []byte(head+strings.Repeat("# filling\n", 1<<17)), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		filepath.Join(dir, "missing.yaml"): "missing.yaml: cannot be read: no such file or directory",
		dir:                                "cannot be read: is a directory",
		large:                              "large.yaml: has more than 1048576 bytes",
	} {
		if _, err := config.Load(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
