package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// staged is a configuration that turns a rule stricter in stages.
const staged = `modes:
- {rules: [privileged], mode: warn}
- {name: the ci, rules: [privileged], mode: audit, users: ["system:ci:*", "group:ci"]}
rollouts:
- name: no privileges
  rules: [privileged]
  stages:
  - mode: warn
  - {mode: deny, namespaces: {labels: {matchLabels: {stage: prod}}}}
  - {mode: deny, from: 2999-01-01T00:00:00Z}
failure: {default: deny}
`

// around are a namespace and exceptions in it.
const around = `apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {stage: prod}}
---
apiVersion: kubereeve.io/v1alpha1
kind: RuleException
metadata: {name: legacy, namespace: shop}
spec: {rules: ["priv*"], reason: until it is rewritten, match: {names: [old-*]}}
---
apiVersion: kubereeve.io/v1alpha1
kind: RuleException
metadata: {name: spent, namespace: shop}
spec: {rules: [privileged], reason: was once needed, expiresAt: "2020-01-01T00:00:00Z"}
---
apiVersion: kubereeve.io/v1alpha1
kind: RuleException
metadata: {name: another-rule, namespace: shop}
spec: {rules: [image], reason: none of this}
`

func TestRulesExplain(t *testing.T) {
	manifests := filepath.Join(t.TempDir(), "around.yaml")
	if err := os.WriteFile(manifests, []byte(around), 0o600); err != nil {
		t.Fatal(err)
	}
	config := configFile(t, staged)
	for _, test := range []struct {
		name, flags string
		want        string
	}{
		{"what the stage of a namespace decides", "-n shop -f " + manifests, `privileged: deny for Pod in namespace shop, operation CREATE
  deny   the rule itself
  warn   modes[0]
  audit  the ci (modes[1]) (it is about some users, and there is none)
  warn   no privileges (rollouts[0]), stages[0]
> deny   no privileges (rollouts[0]), stages[1]
  deny   no privileges (rollouts[0]), stages[2] (it counts from 2999-01-01T00:00:00Z)
A request that the rule cannot judge: is refused
Exceptions:
  legacy: it counts; reason: until it is rewritten
  spent: it has expired at 2020-01-01T00:00:00Z; reason: was once needed
`},
		{"what a label bounds", "-n shop --namespace-labels kubereeve.io/mode=audit", `privileged: audit for Pod in namespace shop, operation CREATE
  deny   the rule itself
  warn   modes[0]
  audit  the ci (modes[1]) (it is about some users, and there is none)
  warn   no privileges (rollouts[0]), stages[0]
  deny   no privileges (rollouts[0]), stages[1] (it is about namespaces with other labels)
  deny   no privileges (rollouts[0]), stages[2] (it counts from 2999-01-01T00:00:00Z)
> audit  the namespace's label kubereeve.io/mode
A request that the rule cannot judge: passes with a warning
Exceptions: none is known
`},
		{"what a flag decides, in a protected namespace whose labels nobody knows", "-n kube-system --mode deny --user system:ci:x --operation UPDATE --kind Deployment", `privileged: deny for Deployment.apps in namespace kube-system, operation UPDATE, user system:ci:x
  deny   the rule itself
  warn   modes[0]
  audit  the ci (modes[1])
  warn   no privileges (rollouts[0]), stages[0]
  deny   no privileges (rollouts[0]), stages[1] (it is about namespaces with other labels)
  deny   no privileges (rollouts[0]), stages[2] (it counts from 2999-01-01T00:00:00Z)
> deny   --mode deny
The labels of the namespace are not known; name a kubeconfig with --kubeconfig, manifests with -f, or the labels with
--namespace-labels.
A request that the rule cannot judge: is refused
Exceptions: none can cover it, the namespace is protected
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := reeve(t, "", "rules explain privileged --config "+config+" "+test.flags+ours)
			if diff := cmp.Diff(test.want, got.out); diff != "" || got.err != "" || got.code != 0 {
				t.Errorf("code %d, standard error %s (-want +got)\n%s", got.code, got.err, diff)
			}
		})
	}
}

func TestRulesExplainAsJSON(t *testing.T) {
	got := reeve(t, around, "rules explain privileged -n shop -f - -o json --config "+configFile(t, staged)+ours)
	var answer struct {
		Outcomes []struct {
			Mode, DecidedBy string
			Steps           []struct{ Decides bool }
		}
		NamespaceLabels map[string]string
		Exceptions      []struct {
			Name   string
			Counts bool
		}
		OnError string
	}
	if err := json.Unmarshal([]byte(got.out), &answer); err != nil {
		t.Fatal(err, got)
	}
	if o := answer.Outcomes; len(o) != 1 || o[0].Mode != "deny" || o[0].DecidedBy != "no privileges (rollouts[0]), stages[1]" || !o[0].Steps[4].Decides {
		t.Errorf("outcomes %+v", o)
	}
	if len(answer.Exceptions) != 2 || !answer.Exceptions[0].Counts || answer.Exceptions[1].Counts || answer.NamespaceLabels["stage"] != "prod" || answer.OnError != "deny" {
		t.Errorf("%+v", answer)
	}
}

func TestRulesExplainSaysWhatIsWrong(t *testing.T) {
	for line, want := range map[string]string{
		"rules explain":                                               "name one rule, as in reeve rules explain privileged-container",
		"rules explain privilegd":                                     `there is no rule "privilegd"; did you mean privileged?`,
		"rules explain privileged --kind Role":                        "--kind: rule privileged does not judge Role; it judges ",
		"rules explain privileged --operation create":                 `--operation: "create" is unknown; use CREATE, UPDATE or SCAN`,
		"rules explain privileged --operation SCAN --user a":          "--user: what a scan finds is sent by nobody",
		"rules explain privileged --kubeconfig x -f y":                "use one of them",
		"rules explain privileged -n a --kubeconfig testdata/missing": "kubeconfig",
		"rules explain privileged -n a --namespace-labels nonsense":   "--namespace-labels: ",
	} {
		if got := reeve(t, "", line+ours); got.code == 0 || !strings.Contains(got.err, want) {
			t.Errorf("%s: code %d, %s\nwant %s", line, got.code, got.err, want)
		}
	}
}
