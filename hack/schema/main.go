// Schema writes the JSON schema of Reeve's configuration file, made from the
// types and their comments, to standard output.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubereeve/reeve/internal/config/v1alpha1"
	"github.com/kubereeve/reeve/internal/finding"
)

const (
	module = "github.com/kubereeve/reeve"
	types  = "internal/config/v1alpha1"
	id     = "https://kubereeve.io/schemas/configuration.v1alpha1.json"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}

func run() error {
	if err := os.Chdir("../.."); err != nil { // go -C runs it in its own directory
		return err
	}
	reflector := &jsonschema.Reflector{
		RequiredFromJSONSchemaTags: true,
		ExpandedStruct:             true,
		Mapper:                     special,
	}
	if err := reflector.AddGoComments(module, types, jsonschema.WithFullComment()); err != nil {
		return err
	}
	for name, comment := range reflector.CommentMap {
		reflector.CommentMap[name] = strings.ReplaceAll(comment, "\n", " ")
	}
	schema := reflector.Reflect(&v1alpha1.ReeveConfiguration{})
	schema.ID = id
	schema.Title = "Configuration of Reeve"
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(schema)
}

// special returns the schema of types whose form in files is not that in Go.
func special(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[finding.Mode]():
		return &jsonschema.Schema{Type: "string", Enum: []any{finding.Deny.String(), finding.Warn.String(), finding.Audit.String(), finding.Off.String()}}
	case reflect.TypeFor[v1alpha1.ExistingViolations]():
		return &jsonschema.Schema{Type: "string", Enum: []any{v1alpha1.WarnOfExisting, v1alpha1.EnforceOnExisting}}
	case reflect.TypeFor[v1alpha1.OnError]():
		return &jsonschema.Schema{Type: "string", Enum: []any{v1alpha1.AllowOnError, v1alpha1.DenyOnError}}
	case reflect.TypeFor[v1alpha1.Duration]():
		return &jsonschema.Schema{Type: "string", Pattern: `^([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$`, Examples: []any{"100ms", "30s", "10m", "720h"}}
	case reflect.TypeFor[metav1.LabelSelector]():
		return labelSelector()
	}
	return nil
}

// labelSelector returns the schema of Kubernetes' own selector, whose comments
// are not at hand.
func labelSelector() *jsonschema.Schema {
	text := func() *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} }
	requirement := &jsonschema.Schema{
		Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema,
		Required: []string{"key", "operator"},
	}
	requirement.Properties.Set("key", &jsonschema.Schema{Type: "string", Description: "The label's name."})
	requirement.Properties.Set("operator", &jsonschema.Schema{
		Type: "string", Enum: []any{metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist},
		Description: "How the label's value is compared with values.",
	})
	requirement.Properties.Set("values", &jsonschema.Schema{Type: "array", Items: text(), Description: "The values, for In and NotIn."})
	selector := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema}
	selector.Properties.Set("matchLabels", &jsonschema.Schema{Type: "object", AdditionalProperties: text(), Description: "Labels that must have these values."})
	selector.Properties.Set("matchExpressions", &jsonschema.Schema{Type: "array", Items: requirement, Description: "Conditions that must all hold."})
	return selector
}
