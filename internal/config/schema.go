package config

import (
	_ "embed" // for the schema
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed schema.json
var schema []byte

// Schema returns the JSON schema of the configuration file, for editors.
func Schema() []byte { return slices.Clone(schema) }

// described is as much of a schema as explains fields.
type described struct {
	Ref         string               `json:"$ref"`
	Defs        map[string]described `json:"$defs"`
	Properties  map[string]described `json:"properties"`
	Description string               `json:"description"`
}

// Defaults returns the defaults as YAML, each field with what it means.
func Defaults() ([]byte, error) {
	var root described
	if err := json.Unmarshal(schema, &root); err != nil {
		return nil, fmt.Errorf("the schema of the configuration: %w", err)
	}
	return encode(Default(), func(node *yaml.Node) { root.explain(node.Content[0], root.Properties) })
}

// explain puts the description of each field above it. Fields without a default
// are named where they would stand.
func (root *described) explain(node *yaml.Node, properties map[string]described) {
	written := make(map[string]bool)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		property := properties[key.Value]
		written[key.Value] = true
		key.HeadComment = comment(property.Description)
		if value.Kind == yaml.MappingNode {
			root.explain(value, root.Defs[strings.TrimPrefix(property.Ref, "#/$defs/")].Properties)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if last := len(node.Content) - 2; !written[name] && last >= 0 {
			node.Content[last].FootComment = comment(properties[name].Description) + "\n# " + name + ":"
		}
	}
}

// comment breaks a text into lines of a comment.
func comment(text string) string {
	const width = 76
	var lines []string
	line := "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > width {
			lines, line = append(lines, line), "#"
		}
		line += " " + word
	}
	return strings.Join(append(lines, line), "\n")
}
