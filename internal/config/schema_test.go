package config_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"github.com/kubereeve/reeve/internal/config"
)

// valid says what the schema has against a configuration.
func valid(t *testing.T, text []byte) error {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(config.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiler.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value)
}

func TestTheSchemaAcceptsWhatIsRight(t *testing.T) {
	defaults, err := config.Defaults()
	if err != nil {
		t.Fatal(err)
	}
	everything, err := config.Encode(decode(t, string(full(t))).Config)
	if err != nil {
		t.Fatal(err)
	}
	everything = bytes.ReplaceAll(everything, []byte("mode: off"), []byte(`mode: "off"`)) // as YAML 1.1 wants it
	for name, text := range map[string][]byte{"an empty one": []byte(head), "the defaults": defaults, "everything": everything} {
		if err := valid(t, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheSchemaRefusesWhatIsWrong(t *testing.T) {
	for _, text := range []string{
		"mdoes: []\n", "modes: [{mode: deny}]\n", "modes: [{rules: [a], mode: block}]\n", "modes: [{rules: [a], operations: [create]}]\n",
		"modes: [{rules: [a], namespaces: {labels: {matchExpressions: [{key: a}]}}}]\n", "rules: {budget: 5}\n", "existingViolations: deny\n",
		"modes: [{rules: [a], from: 5}]\n",
	} {
		if valid(t, []byte(head+text)) == nil {
			t.Errorf("accepted: %s", text)
		}
	}
}

func TestTheSchemaForEditorsIsTheOneInside(t *testing.T) {
	outside, err := os.ReadFile("../../docs/configuration.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(outside, config.Schema()) {
		t.Error("docs/configuration.schema.json is another than internal/config/schema.json; run hack/update-schema.sh")
	}
}
