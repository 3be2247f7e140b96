package config

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/kubereeve/reeve/internal/config/v1alpha1"
)

// Encode writes a configuration as YAML, its fields in the order of their types.
func Encode(config *v1alpha1.ReeveConfiguration) ([]byte, error) {
	return encode(config, func(*yaml.Node) {})
}

// encode writes a configuration whose nodes are changed before.
func encode(config *v1alpha1.ReeveConfiguration, change func(*yaml.Node)) ([]byte, error) {
	text, err := json.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("encode the configuration: %w", err)
	}
	// JSON is YAML, and read as nodes it keeps its order.
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("encode the configuration: %w", err)
	}
	plain(&root)
	change(&root)
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&root); err != nil {
		return nil, fmt.Errorf("encode the configuration: %w", err)
	}
	return out.Bytes(), nil
}

// plain takes the brackets and quotes of JSON from nodes where YAML needs none.
func plain(node *yaml.Node) {
	if len(node.Content) > 0 || node.Kind == yaml.ScalarNode {
		node.Style = 0
	}
	for _, below := range node.Content {
		plain(below)
	}
}
