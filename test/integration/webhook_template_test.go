package integration_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubereeve/reeve/test/envtest"
)

// labelTemplate returns a template whose constraints want a label, named by the
// parameter of the given name.
func labelTemplate(parameter, message string) string {
	return `apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: wantedlabel}
spec:
  crd:
    spec:
      names: {kind: WantedLabel}
      validation:
        openAPIV3Schema: {type: object, properties: {` + parameter + `: {type: string}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package wantedlabel
      violation[{"msg": msg}] {
        not input.review.object.metadata.labels[input.parameters.` + parameter + `]
        msg := "` + message + `"
      }
`
}

func labelConstraint(name, parameter string) string {
	return "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: WantedLabel\nmetadata: {name: " + name + "}\nspec:\n" +
		"  match: {kinds: [{apiGroups: [''], kinds: [Pod]}]}\n  parameters: {" + parameter + ": team}\n"
}

// TestTemplatesChangeUnderTheirConstraints updates a template of Gatekeeper's, as
// people do, in a webhook that runs.
func TestTemplatesChangeUnderTheirConstraints(t *testing.T) {
	cluster := envtest.Start(t)
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("template.yaml", labelTemplate("label", "found by the first"))
	write("one.yaml", labelConstraint("one", "label"))
	write("other.rego", ownRule("other", "found by another"))
	p := startWebhook(t, cluster.Kubeconfig, "--mode-for", "privileged-container=deny", "--rules", dir).serve(t)
	p.eventuallyFinds(t, "found by the first", true)

	write("template.yaml", labelTemplate("label", "found by the second"))
	p.eventuallyFinds(t, "found by the second", true)
	p.eventuallyFinds(t, "found by the first", false)

	leftOut := func(name, reason string) {
		t.Helper()
		eventually(t, name+" is left out: "+reason, func() bool {
			return p.value(t, "reeve_rule_file_problem", name) == 1 && strings.Contains(p.log.String(), reason)
		})
		p.eventuallyFinds(t, "found by another", true)
	}
	// A parameter that the constraint does not know of.
	write("template.yaml", labelTemplate("name", "found by the third"))
	leftOut("one.yaml", `spec.parameters.label: `)
	p.eventuallyFinds(t, "found by the", false)
	write("two.yaml", labelConstraint("two", "name"))
	p.eventuallyFinds(t, "(gatekeeper/WantedLabel/two)", true)
	write("one.yaml", labelConstraint("one", "name"))
	p.eventuallyFinds(t, "(gatekeeper/WantedLabel/one)", true)

	// A template that does not compile takes its constraints with it, and no others.
	write("template.yaml", strings.Replace(labelTemplate("name", "found by the fourth"), "not input", "not nowhere.input", 1))
	leftOut("template.yaml", "nowhere is unsafe")
	p.eventuallyFinds(t, "gatekeeper/WantedLabel", false)
	write("template.yaml", labelTemplate("name", "found by the fifth"))
	p.eventuallyFinds(t, "found by the fifth", true)
	eventually(t, "no file is left out", func() bool { return p.value(t, "reeve_rule_files_quarantined") == 0 })
}
