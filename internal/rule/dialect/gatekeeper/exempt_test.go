package gatekeeper_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// configOf returns a Config with spec.match as given.
func configOf(match string) string {
	return "apiVersion: config.gatekeeper.sh/v1alpha1\nkind: Config\nmetadata: {name: config, namespace: gatekeeper-system}\nspec:\n  match: " + match + "\n"
}

func TestNamespacesThatAConfigExemptsAreNotJudged(t *testing.T) {
	const everywhere = `[{excludedNamespaces: [kube-*, "*-ops"], processes: ["*"]}, {excludedNamespaces: [web], processes: [webhook]}, {excludedNamespaces: [old], processes: [audit, sync]}, {excludedNamespaces: [mutated], processes: [mutation-webhook, sync]}]`
	anyKind := replace(t, labelsConstraint, "kinds: [Pod]", `kinds: ["*"]`)
	set, wrong := load(map[string]string{"a.yaml": labelsTemplate, "b.yaml": anyKind, "c.yaml": configOf(everywhere)})
	if len(wrong) > 0 {
		t.Fatal(texts(wrong))
	}
	for _, test := range []struct {
		kind, namespace, name string
		webhook, audit        bool // whether it is judged there
	}{
		{"Pod", "shop", "a", true, true},
		{"Pod", "kube-system", "a", false, false},
		{"Pod", "team-ops", "a", false, false},
		{"Pod", "web", "a", false, true},
		{"Pod", "old", "a", true, false},
		{"Pod", "mutated", "a", true, true},
		{"Namespace", "", "kube-public", false, false},
		{"Namespace", "", "shop", true, true},
		{"Node", "", "kube-1", true, true},
	} {
		for operation, want := range map[resource.Operation]bool{resource.Create: test.webhook, resource.Delete: test.webhook, resource.Scan: test.audit} {
			subject := &rule.Subject{
				Resource: &resource.Resource{Operation: operation, Identity: resource.Identity{APIVersion: "v1", Kind: test.kind, Namespace: test.namespace, Name: test.name}},
				Object: ast.MustParseTerm(fmt.Sprintf(`{"apiVersion": "v1", "kind": %q, "metadata": {"name": %q, "namespace": %q}}`,
					test.kind, test.name, test.namespace)).Value.(ast.Object),
			}
			if got, err := set.Rules()[0].Match(subject); err != nil || got != want {
				t.Errorf("%s of %s %s/%s: judged %t, want %t; error %v", operation, test.kind, test.namespace, test.name, got, want, err)
			}
		}
	}
}

func TestAConfigWithAMistakeIsNamedAndExemptsNothing(t *testing.T) {
	for match, want := range map[string]string{
		`[{excludedNamespaces: [kube-*], processes: ["*"]}, {excludedNamespaces: [a], processes: [audits]}]`: `spec.match[1].processes[0]: "audits" is no process of Gatekeeper's; use "*", webhook or audit`,
		`[{excludedNamespaces: ["a*b"], processes: ["*"]}]`:                                                  `spec.match[0].excludedNamespaces[0]: "a*b" is not a name or a glob`,
		`[{excludedNamespaces: kube-system, processes: ["*"]}]`:                                              `spec.match[0].excludedNamespaces`,
	} {
		set, wrong := load(map[string]string{"a.yaml": labelsTemplate, "b.yaml": labelsConstraint, "c.yaml": configOf(match)})
		if len(wrong) != 1 || !strings.Contains(wrong[0].Error(), want) || !strings.HasPrefix(wrong[0].Error(), "rules/c.yaml:5: ") {
			t.Errorf("%s: problems %v, want one about %s", match, texts(wrong), want)
		}
		if len(set.Rules()) != 1 {
			t.Errorf("%s: %d rules", match, len(set.Rules()))
		}
	}
}

func TestExemptionsAreAPartOfTheRevision(t *testing.T) {
	revisions := make(map[string]string)
	for _, config := range []string{"[]", `[{excludedNamespaces: [a], processes: ["*"]}]`, `[{excludedNamespaces: [b], processes: ["*"]}]`, `[{excludedNamespaces: [b], processes: [audit]}]`} {
		set, _ := load(map[string]string{"a.yaml": labelsTemplate, "b.yaml": labelsConstraint, "c.yaml": configOf(config)})
		if before, ok := revisions[set.Revision()]; ok {
			t.Errorf("%s and %s have the same revision", before, config)
		}
		revisions[set.Revision()] = config
	}
}
