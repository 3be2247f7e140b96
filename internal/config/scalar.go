package config

import (
	"encoding"
	"math"
	"reflect"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/kubereeve/reeve/internal/finding"
)

// isNull tells whether nothing stands behind a name.
func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null"
}

// describe says what a node is, for messages.
func describe(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	value := node.Value
	if len(value) > 60 {
		value = value[:60] + "…"
	}
	switch node.ShortTag() {
	case "!!str":
		return "the text " + strconv.Quote(value)
	case "!!int", "!!float":
		return "the number " + value
	case "!!bool":
		return value
	case "!!null":
		return "nothing"
	}
	return strconv.Quote(value)
}

// text reads a scalar into a value that reads itself from text.
func (d *decoder) text(node *yaml.Node, into encoding.TextUnmarshaler, path string) {
	if node.Kind != yaml.ScalarNode {
		d.problem(node.Line, path, "must be one word and is %s", describe(node))
		return
	}
	err := into.UnmarshalText([]byte(node.Value))
	if err == nil {
		return
	}
	message := err.Error()
	switch into.(type) {
	case *time.Time:
		message = strconv.Quote(node.Value) + " is not a moment; write it as in 2026-09-01T00:00:00Z"
	case *finding.Mode:
		if node.Value == "false" { // off is a boolean to YAML 1.1
			message = `false is not a mode; some tools make it of off: write mode: "off"`
		} else {
			message += didYouMean(node.Value, modeWords())
		}
	}
	d.problem(node.Line, path, "%s", message)
}

// scalar reads text, a boolean or a number.
func (d *decoder) scalar(node *yaml.Node, into reflect.Value, path string) {
	tag := node.ShortTag()
	switch kind := into.Kind(); {
	case node.Kind == yaml.ScalarNode && kind == reflect.String && tag == "!!str":
		into.SetString(node.Value)
	case node.Kind == yaml.ScalarNode && kind == reflect.String:
		d.problem(node.Line, path, "must be text and is %s; put it in quotes", describe(node))
	case kind == reflect.String:
		d.problem(node.Line, path, "must be text and is %s", describe(node))
	case kind == reflect.Bool:
		if tag != "!!bool" || node.Decode(into.Addr().Interface()) != nil {
			d.problem(node.Line, path, "must be true or false and is %s", describe(node))
		}
	case kind == reflect.Int:
		if tag != "!!int" || node.Decode(into.Addr().Interface()) != nil {
			d.problem(node.Line, path, "must be a whole number and is %s", describe(node))
		}
	default:
		d.problem(node.Line, path, "cannot be read; this is a mistake in Reeve")
	}
}

// free reads a value of any type, the way JSON is read: rules get it as it is.
func (d *decoder) free(node *yaml.Node, path string, depth int) any {
	switch node.Kind {
	case yaml.MappingNode:
		var values map[string]any
		d.mapping(node, reflect.ValueOf(&values).Elem(), path, depth)
		return values
	case yaml.SequenceNode:
		var values []any
		d.list(node, reflect.ValueOf(&values).Elem(), path, depth)
		return values
	}
	var number float64
	var truth bool
	switch node.ShortTag() {
	case "!!int", "!!float":
		if node.Decode(&number) == nil && !math.IsNaN(number) && !math.IsInf(number, 0) {
			return number
		}
	case "!!bool":
		if node.Decode(&truth) == nil {
			return truth
		}
	case "!!str", "!!timestamp":
		return node.Value
	}
	d.problem(node.Line, path, "%s is not a value that rules understand; write text, a number, true, false, a list or a mapping", describe(node))
	return nil
}
