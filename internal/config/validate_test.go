package config_test

import (
	"strings"
	"testing"

	"github.com/kubereeve/reeve/internal/config"
)

func TestWhatIsWrongIsSaidWithLineFieldAndRemedy(t *testing.T) {
	for _, test := range []struct {
		name string
		text string // below the head, whose lines are two
		want string // after reeve.yaml:
	}{
		{"a list where there should be text", "modes:\n- name: [a]\n  rules: [a]\n  mode: deny\n", "4: modes[0].name: must be text and is a list"},
		{"a number where there should be text", "protectedNamespaces: [7]\n", "3: protectedNamespaces[0]: must be text and is the number 7; put it in quotes"},
		{"text where there should be fields", "failure: deny\n", `3: failure: must hold fields, as in name: value, and is the text "deny"`},
		{"text where there should be a boolean", "namespaceLabel: {enabled: \"true\"}\n", `3: namespaceLabel.enabled: must be true or false and is the text "true"`},
		{"a field that is nowhere near", "webhook: {}\n", "3: webhook: there is no such field; there are apiVersion, exceptions, existingViolations"},
		{"a name that is no text", "rules: {1: 2}\n", "3: rules: has a name that is the number 1; write text, in quotes if need be"},
		{"a merge", "base: &b {enabled: true}\nnamespaceLabel: {<<: *b}\n", "4: namespaceLabel: merges with << are not read; write the fields out"},
		{"a second document", "---\na: b\n", "3: holds a second document; keep one"},
		{"a tab", "modes:\n\t- rules: [a]\n", "4: is not YAML: the line is indented with a tab; use spaces"},
		{"an alias that contains itself", "modes: &m\n- rules: *m\n", "4: modes[0].rules[0]: must be text and is a mapping"},
		{"a value rules would not understand", "modes:\n- {rules: [a], parameters: {a.b: [.inf]}}\n", `4: modes[0].parameters["a.b"][0]: the number .inf is not a value that rules understand`},
		{"a date without a time", "modes:\n- {rules: [a], mode: deny, from: 2026-09-01}\n", `4: modes[0].from: "2026-09-01" is not a moment; write it as in 2026-09-01T00:00:00Z`},
		{"a duration without a unit", "rules: {budget: 5}\n", `3: rules.budget: "5" is not a duration; write it as in 100ms`},
		{"a cloud that is none", "rules: {kubescape: {cloudProvider: azure}}\n", `3: rules.kubescape.cloudProvider: "azure" is unknown; use one of eks, aks, gke`},
		{"a word that is none", "existingViolations: deny\n", `3: existingViolations: "deny" is unknown; use one of warn, enforce`},

		{"an entry that sets nothing", "modes:\n- rules: [a]\n", "4: modes[0]: sets nothing; give it a mode, parameters or both"},
		{"an entry without rules", "modes:\n- mode: deny\n", "4: modes[0]: has no rules; name them by id"},
		{"an empty list of rules", "modes:\n- mode: deny\n  rules: []\n", `5: modes[0].rules: is empty; name rules, or write rules: ["*"] for all`},
		{"an unknown kind of selector", "modes:\n- {mode: deny, rules: [group:a]}\n", `4: modes[0].rules[0]: "group:a": use a rule id`},
		{"a category without a name", "modes:\n- {mode: deny, rules: [\"category:\"]}\n", `4: modes[0].rules[0]: "category:" names no category; write category:NAME`},
		{"a malformed glob", "modes:\n- {mode: deny, rules: [\"host-[\"]}\n", `4: modes[0].rules[0]: "host-[" is not a glob`},
		{"an empty rule", "modes:\n- {mode: deny, rules: [\"\"]}\n", `4: modes[0].rules[0]: "" is no name of a rule, nor a glob`},
		{"a name twice", "modes:\n- {name: a, mode: deny, rules: [a]}\nrollouts:\n- {name: a, rules: [a], stages: [{mode: deny}]}\n", `6: rollouts[0].name: "a" is the name of modes[0] already; choose another`},
		{"empty parameters", "modes:\n- {rules: [a], mode: deny, parameters: {}}\n", "4: modes[0].parameters: is empty"},
		{"namespaces that choose none", "modes:\n- {rules: [a], mode: deny, namespaces: {}}\n", "4: modes[0].namespaces: chooses no namespaces"},
		{"labels that choose all", "modes:\n- {rules: [a], mode: deny, namespaces: {labels: {}}}\n", "4: modes[0].namespaces: chooses no namespaces"},
		{"labels that are malformed", "modes:\n- rules: [a]\n  mode: deny\n  namespaces:\n    labels:\n      matchExpressions:\n      - {key: a, operator: Is}\n", "9: modes[0].namespaces.labels.matchExpressions[0].operator: Invalid value"},
		{"an operation in small letters", "modes:\n- {rules: [a], mode: deny, operations: [create]}\n", `4: modes[0].operations[0]: "create" is not an operation; did you mean CREATE?`},
		{"an operation that is none", "modes:\n- {rules: [a], mode: deny, operations: [EVERYTHING]}\n", `4: modes[0].operations[0]: "EVERYTHING" is not an operation; use one of CREATE,`},
		{"a group without a name", "modes:\n- {rules: [a], mode: deny, users: [\"group:\"]}\n", "4: modes[0].users[0]: names no group; write group:NAME"},

		{"a rollout without stages", "rollouts:\n- rules: [a]\n", "4: rollouts[0]: has no stages"},
		{"a stage without a mode", "rollouts:\n- rules: [a]\n  stages:\n  - from: 2026-09-01T00:00:00Z\n", "6: rollouts[0].stages[0]: has no mode; write one of deny, warn, audit, off"},
		{"a stage that covers those before", "rollouts:\n- rules: [a]\n  stages:\n  - mode: warn\n  - mode: deny\n", "7: rollouts[0].stages[1]: counts everywhere and always, so that the stages before it never do"},

		{"a failure entry without a decision", "failure:\n  rules:\n  - rules: [a]\n", "5: failure.rules[0]: has no onError"},
		{"a negative duration", "exceptions: {maxDuration: -1h}\n", "3: exceptions.maxDuration: -1h is not above zero"},
		{"a directory without a path", "rules: {directories: [{}]}\n", "3: rules.directories[0]: has no path"},
		{"a directory twice", "rules: {directories: [{path: a}, {path: a}]}\n", `3: rules.directories[1].path: "a" is in rules.directories[0] already`},
		{"an address for a host", "rules: {directories: [{path: a, trusted: {builtins: [http.send], httpHosts: [\"https://a\"]}}]}\n", `3: rules.directories[0].trusted.httpHosts[0]: "https://a" is not a host`},
		{"hosts without the right to ask them", "rules: {directories: [{path: a, trusted: {httpHosts: [a]}}]}\n", "3: rules.directories[0].trusted.httpHosts: has no effect while builtins lack http.send"},
		{"a namespace that cannot be", "rules: {configMaps: {namespaces: [A_b]}}\n", `3: rules.configMaps.namespaces[0]: "A_b" is not the name of a namespace`},
		{"a bundle without a reference", "rules: {bundles: [{}]}\n", "3: rules.bundles[0]: has no reference"},
		{"a bundle with a malformed reference", "rules: {bundles: [{reference: \"A B\"}]}\n", `3: rules.bundles[0].reference: "A B" is not the reference of an artefact`},
		{"a digest that is none", "rules: {bundles: [{reference: a, digest: md5}]}\n", `3: rules.bundles[0].digest: "md5" is not a digest`},
		{"a poll that is too frequent", "rules: {bundles: [{reference: a, pollInterval: 1s}]}\n", "3: rules.bundles[0].pollInterval: 1s is less than 10s"},
		{"a budget that is too long", "rules: {budget: 1h30m}\n", "3: rules.budget: 1h30m is longer than the API server waits; use at most 30s"},
		{"more than can be remembered", "recentAdmissions: {size: 1000000}\n", "3: recentAdmissions.size: 1000000 is not from 1 to 100000"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := config.Decode("reeve.yaml", []byte(head+test.text))
			if err == nil || !strings.Contains("\n"+err.Error(), "\nreeve.yaml:"+test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestWhatIsNoConfigurationIsSaid(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "", "reeve.yaml: is empty; write at least apiVersion: config.kubereeve.io/v1alpha1 and kind: ReeveConfiguration"},
		{"comments", "# to do\n", "reeve.yaml: is empty"},
		{"null", "null\n", "reeve.yaml: is empty"},
		{"a list", "\n- a\n", "reeve.yaml:2: is a list; write fields"},
		{"no YAML", "a: b: c\n", "reeve.yaml:1: is not YAML: mapping values are not allowed"},
		{"another kind", "apiVersion: v1\nkind: Pod\nspec: {}\n", "reeve.yaml:1: apiVersion: is the text \"v1\"; this version of Reeve reads config.kubereeve.io/v1alpha1\nreeve.yaml:2: kind: is the text \"Pod\"; this version of Reeve reads ReeveConfiguration"},
		{"no version", "kind: ReeveConfiguration\nmdoes: []\n", "reeve.yaml:1: apiVersion: is missing; write apiVersion: config.kubereeve.io/v1alpha1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := config.Decode("reeve.yaml", []byte(test.text))
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestAliasesCannotKeepTheReaderBusy(t *testing.T) {
	var text strings.Builder
	text.WriteString(head + "modes:\n- rules: [a]\n  parameters:\n    a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for level := range "123456789" {
		next := string(rune('1' + level))
		last := string(rune('0' + level))
		text.WriteString("    a" + next + ": &a" + next + " [" + strings.TrimSuffix(strings.Repeat("*a"+last+", ", 10), ", ") + "]\n")
	}
	_, err := config.Decode("reeve.yaml", []byte(text.String()))
	if err == nil || !strings.Contains(err.Error(), "is too large or too deep, perhaps by its aliases; write it out") || strings.Count(err.Error(), "\n") > 0 {
		t.Error(err)
	}
}
