package app_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/config"
	"github.com/kubereeve/reeve/internal/config/v1alpha1"
	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
)

const configHead = "apiVersion: config.kubereeve.io/v1alpha1\nkind: ReeveConfiguration\n"

// configFile writes a configuration.
func configFile(t testing.TB, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "reeve.yaml")
	if err := os.WriteFile(file, []byte(configHead+text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestWithoutAFileTheDefaultsCount(t *testing.T) {
	configuration, err := app.LoadConfiguration("")
	if err != nil {
		t.Fatal(err)
	}
	policy, err := configuration.Policy()
	if err != nil {
		t.Fatal(err)
	}
	if !policy.NamespaceLabel || !policy.ExistingViolations || policy.DenyOnError || len(policy.Entries)+len(policy.Failure) > 0 ||
		configuration.Revision() != "" || configuration.HasSources() {
		t.Errorf("%+v", policy)
	}
}

func TestTheFileBecomesAPolicy(t *testing.T) {
	configuration, err := app.LoadConfiguration("../config/testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	policy, err := configuration.Policy()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range policy.Entries {
		what := "parameters"
		if entry.Mode != nil {
			what = entry.Mode.String()
		}
		names = append(names, entry.Name+" "+what)
	}
	want := "modes[0] deny|the ci may not (modes[1]) deny|modes[2] off|modes[3] parameters|" +
		"no privileged containers (rollouts[0]), stages[0] warn|no privileged containers (rollouts[0]), stages[1] deny|no privileged containers (rollouts[0]), stages[2] deny"
	if got := strings.Join(names, "|"); got != want {
		t.Errorf("entries %s\nwant %s", got, want)
	}
	second := policy.Entries[1]
	if second.Where.NamespaceLabels.String() != "stage=production,tier in (api,web)" || len(second.Where.Users) != 2 ||
		second.Where.Operations[1] != resource.Update || second.Where.Kinds[1] != "*.apps" || second.From.IsZero() {
		t.Errorf("%+v", second)
	}
	if policy.NamespaceLabel || policy.ExistingViolations || !policy.DenyOnError || policy.Failure[0].Deny || len(policy.Protected) != 2 ||
		policy.Excepted.String() != "*" || policy.NeverExcepted.String() != "severity:critical" {
		t.Errorf("%+v", policy)
	}
	want = "/etc/reeve/rules /etc/reeve/trusted oci://ghcr.io/example/rules:v1 oci://ghcr.io/example/rules@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	if got := strings.Join(configuration.Sources(), " "); got != want || configuration.ConfigMaps()[0] != "policies" || configuration.Budget().String() != "50ms" {
		t.Errorf("sources %s, namespaces %v, budget %s", got, configuration.ConfigMaps(), configuration.Budget())
	}
}

const parameterRule = "# METADATA\n# title: Test\n# custom:\n#   reeve:\n#     severity: low\n#     kinds: [Pod]\n" +
	"#     parameters:\n#       wanted: {type: string, default: a, description: What is wanted.}\n" +
	"package reeve.mine.wanting\nviolation contains input.parameters.wanted if input.object\n"

func TestTheConfigurationIsLoadedWithTheRules(t *testing.T) {
	dir := directory(t, map[string]string{"own.rego": ownRule, "wanting.rego": parameterRule})
	file := configFile(t, "modes:\n- {rules: [wanting], parameters: {wanted: b}}\n- {rules: [own-rule], mode: deny}\n- {rules: [gone], mode: deny}\nrules: {directories: [{path: "+dir+"}]}\n")
	rules, err := options(t, "--no-builtin", "--config", file).Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(rules.Problems) > 0 || len(rules.Unmatched) != 1 || !strings.HasPrefix(rules.Unmatched[0].Error(), file+":6: modes[2].rules[0]: no rule matches gone") {
		t.Error(rules.Problems, rules.Unmatched)
	}
	if got := rules.Policy.Resolve(rules.Set.Rule("own-rule"), finding.Warn, nil); got.Mode != finding.Deny || got.By != "modes[1]" {
		t.Errorf("%+v", got)
	}
	reviewer, err := rules.Reviewer(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pod, err := resource.FromObject([]byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}`), schema.GroupVersionKind{})
	if err != nil {
		t.Fatal(err)
	}
	pod.Operation = resource.Create
	verdict, err := reviewer.Review(t.Context(), pod)
	if err != nil || len(verdict.Findings) != 2 || verdict.Findings[0].Message+verdict.Findings[1].Message != "foundb" {
		t.Errorf("%+v %v", verdict, err)
	}
}

func TestABadConfigurationIsRefusedWhole(t *testing.T) {
	for text, want := range map[string]string{
		"modes: 1\nrollouts: 2\n": ":3: modes: must be a list, as in [a, b], and is the number 1\nFILE:4: rollouts: must be a list",
		"modes:\n- {rules: [own-rule], parameters: {a: 1}}\n- {rules: [own-rule], parameters: {b: 1}}\n": ":4: modes[0].parameters.a: none of the rules has such a parameter; remove it\nFILE:5: modes[1].parameters.b: none",
	} {
		file := configFile(t, text)
		_, err := options(t, "--no-builtin", "--rules", "OWN", "--config", file).Load()
		if _, ok := errors.AsType[config.Problems](err); !ok || !strings.HasPrefix(strings.ReplaceAll(err.Error(), file, "FILE"), "FILE"+want) {
			t.Errorf("%v, want FILE%s", err, want)
		}
	}
}

func TestTheFlagDecidesOfFailuresBeforeTheConfiguration(t *testing.T) {
	dir := directory(t, map[string]string{"own.rego": ownRule})
	pod, err := resource.FromObject([]byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}`), schema.GroupVersionKind{})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, file string
		flag       v1alpha1.OnError
		denies     bool
	}{
		{"neither says anything", "", "", false},
		{"the file denies", "failure: {default: deny}\n", "", true},
		{"the flag denies", "", v1alpha1.DenyOnError, true},
		{"the flag allows what the file denies", "failure: {default: deny}\n", v1alpha1.AllowOnError, false},
		{"the file denies for some rules", "failure: {rules: [{rules: [own-rule], onError: deny}]}\n", v1alpha1.AllowOnError, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			options := options(t, "--no-builtin", "--rules", dir, "--config", configFile(t, test.file))
			options.OnError = test.flag
			rules, err := options.Load()
			if err != nil {
				t.Fatal(err)
			}
			if got := rules.Policy.Explain(rules.Set.Rule("own-rule"), finding.Deny, pod); got.DenyOnError != test.denies {
				t.Errorf("what the rule cannot judge is denied: %t", got.DenyOnError)
			}
		})
	}
}
