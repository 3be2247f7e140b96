package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRulesThatArePassedOverAreNoError(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"signed/raw.rego":           "package armo_builtins\n\ndeny[msga] { x := input[_]; not cosign.verify(x.image, \"k\"); msga := {\"alertMessage\": \"x\"} }\n",
		"signed/rule.metadata.json": `{"name": "signed", "match": [{"apiGroups": [""], "resources": ["Pod"]}]}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, command := range []string{"audit -f - --exit-zero --rules " + dir, "rules list --rules " + dir} {
		got := reeve(t, privilegedPod, command)
		if got.code != 0 || !strings.Contains(got.err, "note: "+dir+"/signed/raw.rego:3: the rule is passed over: it calls cosign.verify") {
			t.Errorf("%s: exit code %d, standard error: %s", command, got.code, got.err)
		}
	}
}
