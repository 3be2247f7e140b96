package rule

import (
	"errors"
	"fmt"
	"slices"
)

// Parameter is one setting of a rule: its type, default and meaning.
type Parameter struct {
	// Type is a JSON type: string, integer, number, boolean, array or object.
	Type string `json:"type"`
	// Items is the type of an array's items, empty when any will do.
	Items       string `json:"items"`
	Default     any    `json:"default"`
	Description string `json:"description"`
	// OffWhileEmpty is true when the rule has nothing to look for while the
	// parameter is empty: it is not asked then.
	OffWhileEmpty bool `json:"offWhileEmpty"`
}

var parameterTypes = []string{"string", "integer", "number", "boolean", "array", "object"}

// validate checks the parameter's own declaration.
func (p Parameter) validate() error {
	if !slices.Contains(parameterTypes, p.Type) {
		return fmt.Errorf("type %q; use one of %v", p.Type, parameterTypes)
	}
	if p.Items != "" && p.Type != "array" {
		return fmt.Errorf("items beside type %s; only arrays have items", p.Type)
	}
	if p.Items != "" && !slices.Contains(parameterTypes, p.Items) {
		return fmt.Errorf("items %q; use one of %v", p.Items, parameterTypes)
	}
	if p.OffWhileEmpty && !slices.Contains([]string{"string", "array", "object"}, p.Type) {
		return fmt.Errorf("offWhileEmpty beside type %s; only a string, an array or an object can be empty", p.Type)
	}
	if p.Default == nil {
		return errors.New("default is missing; a rule must work without configuration")
	}
	if err := p.Check(p.Default); err != nil {
		return fmt.Errorf("default: %w", err)
	}
	return nil
}

// Check tells whether a value, as JSON decodes it, is of the parameter's type.
func (p Parameter) Check(value any) error {
	if !isType(value, p.Type) {
		return fmt.Errorf("%v is not of type %s", value, p.Type)
	}
	if list, ok := value.([]any); ok && p.Items != "" {
		for i, item := range list {
			if !isType(item, p.Items) {
				return fmt.Errorf("item %d: %v is not of type %s", i, item, p.Items)
			}
		}
	}
	return nil
}

// SwitchesOff tells whether a rule is off because its parameter has a value.
func (p Parameter) SwitchesOff(value any) bool {
	if !p.OffWhileEmpty {
		return false
	}
	switch v := value.(type) {
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

func isType(value any, name string) bool {
	switch v := value.(type) {
	case string:
		return name == "string"
	case bool:
		return name == "boolean"
	case float64:
		return name == "number" || name == "integer" && v == float64(int64(v))
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	}
	return false
}
