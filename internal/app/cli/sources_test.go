package cli

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kubereeve/reeve/internal/rule/source/oci/ocitest"
)

func TestRulesComeFromARegistry(t *testing.T) {
	registry := ocitest.New(t)
	text := "# METADATA\n# title: Own\n# custom:\n#   reeve:\n#     severity: low\n#     kinds: [Pod]\npackage acme.own\n\nviolation contains \"found by own\" if input.object.kind == \"Pod\"\n"
	digest := registry.Push(t, "rules:v1", ocitest.Policy("own.rego", text))
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n"
	base := "oci://" + registry.Host + "/rules"
	missing := "sha256:" + strings.Repeat("0", 64)
	for _, test := range []struct {
		name, reference string
		code            int
		out, err        string
	}{
		{"by its tag", base + ":v1", exitFindings, "found by own", ""},
		{"by its digest", base + "@" + digest, exitFindings, "found by own", ""},
		{"by a digest that is not there", base + ":v1@" + missing, exitError, "", "the registry does not have the pinned digest " + missing + "; the tag v1 is at " + digest},
		{"that does not exist", base + ":v2", exitError, "", "there is no such artifact"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := reeveWith(t, pod, "audit", "-f", "-", "--no-builtin", "--rules", test.reference)
			if got.code != test.code || !strings.Contains(got.out, test.out) || !strings.Contains(got.err, test.err) {
				t.Errorf("exit code %d, out %s, err %s; want %d, %q and %q", got.code, got.out, got.err, test.code, test.out, test.err)
			}
		})
	}
	registry.Refuse(http.StatusNotFound)
	if got := reeveWith(t, "", "rules", "list", "--no-builtin", "--rules", base+"@"+digest); got.code != exitOK || !strings.Contains(got.out, "own") {
		t.Errorf("what is pinned and kept needs no registry: exit code %d, %s%s", got.code, got.out, got.err)
	}
}
