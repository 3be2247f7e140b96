package gatekeeper

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"k8s.io/apimachinery/pkg/util/json"
	openapierrors "k8s.io/kube-openapi/pkg/validation/errors"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
)

// Schema says which parameters the constraints of a template may have. It does
// with them what the API server does with an object of a custom resource: it
// fills in defaults, refuses unknown fields and validates the rest.
type Schema struct {
	// root is nil when constraints have no parameters at all.
	root *spec.Schema
}

// The extensions of schemas that Kubernetes knows.
const (
	preserveUnknown = "x-kubernetes-preserve-unknown-fields"
	intOrString     = "x-kubernetes-int-or-string"
)

// maxSchemaDepth bounds how deep schemas are nested.
const maxSchemaDepth = 64

// newSchema reads a schema; an empty one is none. A legacy schema lets through
// what it does not know. On error it returns the path to what is wrong.
func newSchema(raw jsontext.Value, legacy bool) (*Schema, string, error) {
	if len(raw) == 0 || raw.Kind() == 'n' {
		if !legacy {
			return &Schema{}, "", nil
		}
		raw = jsontext.Value("{}")
	}
	var root spec.Schema
	if err := stdjson.Unmarshal(raw, &root); err != nil {
		return nil, "", fmt.Errorf("it is no OpenAPI schema: %w", err)
	}
	if path, err := prepare(&root, legacy, "", 0); err != nil {
		return nil, path, err
	}
	return &Schema{root: &root}, "", nil
}

// prepare gets the schema of a value ready for validation, together with those below
// it, and refuses what the API server would refuse.
func prepare(schema *spec.Schema, legacy bool, path string, depth int) (string, error) {
	if field, err := structural(schema, legacy); err != nil {
		return joinPath(path, field), err
	}
	if path, err := ready(schema, legacy, path, depth); err != nil {
		return path, err
	}
	return joinPath(path, "default"), checkDefault(schema)
}

// ready gets a schema ready, which may be one that narrows another, and refuses what
// the validator would choke on.
func ready(schema *spec.Schema, legacy bool, path string, depth int) (string, error) {
	if depth > maxSchemaDepth {
		return path, fmt.Errorf("schemas are nested more than %d deep", maxSchemaDepth)
	}
	if schema.Ref.String() != "" {
		return joinPath(path, "$ref"), errors.New("schemas of custom resources have no references; write out what it refers to")
	}
	if schema.Pattern != "" {
		if _, err := regexp.Compile(schema.Pattern); err != nil {
			return joinPath(path, "pattern"), err
		}
	}
	if !strfmt.Default.ContainsName(schema.Format) && schema.Type.Contains("string") {
		schema.Format = "" // the validator would take anything for it
	}
	if flag(schema, intOrString) {
		schema.Type = spec.StringOrArray{"integer", "string"}
	}
	if legacy && (len(schema.Type) == 0 || schema.Type.Contains("object")) {
		schema.AddExtension(preserveUnknown, true)
	}
	return prepareBelow(schema, legacy, path, depth+1)
}

// prepareBelow prepares the schemas below a schema. Only properties, items and
// additional properties describe values of their own; the others narrow them.
func prepareBelow(schema *spec.Schema, legacy bool, path string, depth int) (string, error) {
	for name, property := range schema.Properties {
		if path, err := prepare(&property, legacy, joinPath(path, "properties."+step(name)), depth); err != nil {
			return path, err
		}
		schema.Properties[name] = property
	}
	if items := schema.Items; items != nil {
		if len(items.Schemas) > 0 {
			return joinPath(path, "items"), errors.New("a list of schemas is not allowed here; write one for all items")
		}
		if items.Schema != nil {
			if path, err := prepare(items.Schema, legacy, joinPath(path, "items"), depth); err != nil {
				return path, err
			}
		}
	}
	if more := schema.AdditionalProperties; more != nil && more.Schema != nil {
		if path, err := prepare(more.Schema, legacy, joinPath(path, "additionalProperties"), depth); err != nil {
			return path, err
		}
	}
	for name, list := range map[string][]spec.Schema{"allOf": schema.AllOf, "anyOf": schema.AnyOf, "oneOf": schema.OneOf} {
		for i := range list {
			if path, err := ready(&list[i], false, joinPath(path, name+step(stringOf(i))), depth); err != nil {
				return path, err
			}
		}
	}
	if schema.Not != nil {
		return ready(schema.Not, false, joinPath(path, "not"), depth)
	}
	return "", nil
}

// flag tells whether an extension of a schema is true.
func flag(schema *spec.Schema, name string) bool {
	value, _ := schema.Extensions.GetBool(name)
	return value
}

// fieldError is something wrong with one parameter.
type fieldError struct {
	path    string
	message string
	unknown bool // the schema has no such field
}

// Apply returns the parameters of a constraint, given as JSON, with defaults
// filled in, and what is wrong with them. Missing parameters are an empty object.
func (s *Schema) Apply(raw jsontext.Value) (map[string]any, []fieldError) {
	var value any
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &value); err != nil {
			return nil, []fieldError{{message: err.Error()}}
		}
	}
	if s.root == nil {
		if given, ok := value.(map[string]any); len(raw) > 0 && (!ok || len(given) > 0) {
			return nil, []fieldError{{message: "the template takes no parameters; remove them", unknown: true}}
		}
		return map[string]any{}, nil
	}
	if value == nil {
		value = copyOf(s.root.Default)
	}
	if value == nil && (len(raw) == 0 || len(s.root.Type) == 0 || s.root.Nullable) {
		return map[string]any{}, nil // as in a constraint without the field, which is not required
	}
	fill(value, s.root)
	wrong := append(unknown(value, s.root, "", nil), s.validate(value)...)
	object, ok := value.(map[string]any)
	if !ok && len(wrong) == 0 {
		wrong = append(wrong, fieldError{message: "it is no mapping"})
	}
	return object, wrong
}

// validate holds parameters against the schema.
func (s *Schema) validate(value any) (wrong []fieldError) {
	defer func() { // the validator panics on schemas that it takes for a mistake of the programmer
		if reason := recover(); reason != nil {
			wrong = []fieldError{{message: fmt.Sprintf("the template's schema cannot be used: %v", reason)}}
		}
	}()
	result := validate.NewSchemaValidator(s.root, nil, "", strfmt.Default).Validate(value)
	for _, err := range result.Errors {
		wrong = append(wrong, plainError(err))
	}
	return wrong
}

// plainError puts an error of the validator in the words of a manifest.
func plainError(err error) fieldError {
	invalid, ok := errors.AsType[*openapierrors.Validation](err)
	if !ok {
		return fieldError{message: err.Error()}
	}
	path := strings.TrimPrefix(invalid.Name, ".")
	switch invalid.Code() {
	case openapierrors.RequiredFailCode:
		return fieldError{path: path, message: "the template demands this parameter; set it"}
	case openapierrors.InvalidTypeCode:
		message := strings.TrimPrefix(strings.TrimSpace(strings.TrimPrefix(invalid.Error(), invalid.Name)), "in body ")
		return fieldError{path: path, message: message + "; write a value of that type, strings that look like something else in quotes"}
	}
	message := strings.TrimPrefix(strings.TrimSpace(strings.TrimPrefix(invalid.Error(), invalid.Name)), "in body ")
	return fieldError{path: path, message: message}
}

// fill sets missing fields to their defaults, as far as the objects that they
// belong to are there.
func fill(value any, schema *spec.Schema) {
	switch value := value.(type) {
	case map[string]any:
		for name, property := range schema.Properties {
			if found, ok := value[name]; property.Default != nil && (!ok || found == nil && !property.Nullable) {
				value[name] = copyOf(property.Default)
			}
		}
		for name, below := range value {
			if property, ok := schema.Properties[name]; ok {
				fill(below, &property)
			} else if more := schema.AdditionalProperties; more != nil && more.Schema != nil {
				fill(below, more.Schema)
			}
		}
	case []any:
		if schema.Items != nil && schema.Items.Schema != nil {
			for _, item := range value {
				fill(item, schema.Items.Schema)
			}
		}
	}
}

// copyOf returns a copy of a default that nobody else holds, with numbers as
// parameters have them.
func copyOf(value any) any {
	raw, err := stdjson.Marshal(value)
	if err != nil {
		return value // a schema read from JSON can be written
	}
	var own any
	if json.Unmarshal(raw, &own) != nil {
		return value
	}
	return own
}

// unknown appends the fields that the schema does not know.
func unknown(value any, schema *spec.Schema, path string, wrong []fieldError) []fieldError {
	switch value := value.(type) {
	case map[string]any:
		for name, below := range value {
			at := joinPath(path, step(name))
			if property, ok := schema.Properties[name]; ok {
				wrong = unknown(below, &property, at, wrong)
				continue
			}
			more := schema.AdditionalProperties
			switch {
			case more != nil && more.Schema != nil:
				wrong = unknown(below, more.Schema, at, wrong)
			case more == nil && !flag(schema, preserveUnknown):
				wrong = append(wrong, fieldError{at, "the template has no such parameter; remove it, or correct its name", true})
			}
		}
	case []any:
		if schema.Items == nil || schema.Items.Schema == nil {
			return wrong
		}
		for i, item := range value {
			wrong = unknown(item, schema.Items.Schema, path+step(stringOf(i)), wrong)
		}
	}
	return wrong
}
