package gatekeeper

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
)

// types are those that a schema may name.
var types = []string{"object", "array", "string", "integer", "number", "boolean"}

// structural refuses what the API server refuses in the schema of a custom resource:
// it would leave the template out. A legacy schema need not be complete.
func structural(schema *spec.Schema, legacy bool) (field string, err error) {
	if schema.Ref.String() != "" {
		return "$ref", errors.New("schemas of custom resources have no references; write out what it refers to")
	}
	open := flag(schema, preserveUnknown) || flag(schema, intOrString)
	switch {
	case len(schema.Type) > 1:
		return "type", fmt.Errorf("a list of types is not allowed; write one, or %s: true", intOrString)
	case len(schema.Type) == 0 && !legacy && !open:
		return "", fmt.Errorf("the type is missing; write one of %s", strings.Join(types, ", "))
	case len(schema.Type) == 1 && !slices.Contains(types, schema.Type[0]):
		return "type", fmt.Errorf("%q is not a type; use one of %s", schema.Type[0], strings.Join(types, ", "))
	case schema.Type.Contains("array") && schema.Items == nil && !legacy:
		return "", errors.New("items is missing; write what the elements of the list are")
	case len(schema.Properties) > 0 && schema.AdditionalProperties != nil:
		return "additionalProperties", errors.New("it cannot stand beside properties; remove one of them")
	case len(schema.PatternProperties) > 0:
		return "patternProperties", errors.New("schemas of custom resources have none; use additionalProperties")
	case schema.UniqueItems:
		return "uniqueItems", errors.New("schemas of custom resources do not know it; use x-kubernetes-list-type: set")
	}
	return "", nil
}

// checkDefault refuses a default that the schema itself refuses.
func checkDefault(schema *spec.Schema) (err error) {
	if schema.Default == nil {
		return nil
	}
	defer func() { // as in Schema.validate
		if reason := recover(); reason != nil {
			err = fmt.Errorf("the schema cannot be used: %v", reason)
		}
	}()
	value := copyOf(schema.Default)
	fill(value, schema)
	result := validate.NewSchemaValidator(schema, nil, "", strfmt.Default).Validate(value)
	if len(result.Errors) == 0 {
		return nil
	}
	wrong := plainError(result.Errors[0])
	return fmt.Errorf("%s; write a default that fits the schema", strings.TrimPrefix(wrong.path+": "+wrong.message, ": "))
}
