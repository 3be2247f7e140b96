package config

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kubereeve/reeve/internal/config/v1alpha1"
)

// Bounds on a document once its aliases are followed: few bytes could keep the
// reader busy for ever otherwise.
const (
	maxNodes = 50_000
	maxDepth = 32
	maxName  = 253
)

// decoder reads YAML nodes into values and goes on after a mistake. The YAML
// library would stop at the first wrong type, and not know the path of a field.
type decoder struct {
	name     string
	problems Problems
	lines    map[string]int
	nodes    int
	tooLarge bool
	readable bool // it is a configuration of the version we know
}

func newDecoder(name string) *decoder {
	return &decoder{name: name, lines: make(map[string]int)}
}

func (d *decoder) problem(line int, path, format string, arguments ...any) {
	d.problems = append(d.problems, &Problem{File: d.name, Line: line, Path: path, Message: fmt.Sprintf(format, arguments...)})
}

// document reads the one document of a file.
func (d *decoder) document(text []byte, config *v1alpha1.ReeveConfiguration) {
	reader := yaml.NewDecoder(bytes.NewReader(text))
	var root, second yaml.Node
	err := reader.Decode(&root)
	if errors.Is(err, io.EOF) || err == nil && isNull(root.Content[0]) {
		d.problem(0, "", "is empty; write at least apiVersion: %s and kind: %s", v1alpha1.APIVersion, v1alpha1.Kind)
		return
	}
	if err != nil {
		d.syntax(text, err)
		return
	}
	top := root.Content[0]
	if top.Kind != yaml.MappingNode {
		d.problem(top.Line, "", "is %s; write fields, the first of them apiVersion: %s", describe(top), v1alpha1.APIVersion)
		return
	}
	d.lines[""] = top.Line
	if d.readable = d.version(top); !d.readable {
		return
	}
	d.value(top, reflect.ValueOf(config).Elem(), "", 0)
	if err := reader.Decode(&second); !errors.Is(err, io.EOF) {
		if err != nil {
			d.syntax(text, err)
			return
		}
		d.problem(second.Line, "", "holds a second document; keep one")
	}
}

// version tells whether the file is of the kind and version that we know: of any
// other, nothing else could be said that helps.
func (d *decoder) version(top *yaml.Node) bool {
	before := len(d.problems)
	for _, field := range []struct{ name, want string }{{"apiVersion", v1alpha1.APIVersion}, {"kind", v1alpha1.Kind}} {
		node, line := (*yaml.Node)(nil), top.Line
		for i := 0; i+1 < len(top.Content); i += 2 {
			if top.Content[i].Value == field.name {
				node, line = top.Content[i+1], top.Content[i].Line
			}
		}
		switch {
		case node == nil:
			d.problem(line, field.name, "is missing; write %s: %s", field.name, field.want)
		case node.Value != field.want:
			d.problem(line, field.name, "is %s; this version of Reeve reads %s", describe(node), field.want)
		}
	}
	return len(d.problems) == before
}

// syntaxLine finds the line in the YAML library's errors, which are plain text.
var syntaxLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?((?s:.*))$`)

// syntax reports text that is no YAML.
func (d *decoder) syntax(text []byte, err error) {
	found := syntaxLine.FindStringSubmatch(err.Error())
	line, _ := strconv.Atoi(found[1]) // 0 when there is none
	lines := bytes.Split(text, []byte("\n"))
	for number := max(1, line-1); number <= min(line+1, len(lines)); number++ {
		if content := bytes.TrimLeft(lines[number-1], " "); len(content) > 0 && content[0] == '\t' {
			d.problem(number, "", "is not YAML: the line is indented with a tab; use spaces")
			return
		}
	}
	d.problem(max(1, min(line, len(lines))), "", "is not YAML: %s", strings.ReplaceAll(found[2], "\n", " "))
}

// value reads a node into a value.
func (d *decoder) value(node *yaml.Node, into reflect.Value, path string, depth int) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if d.nodes++; d.nodes > maxNodes || depth > maxDepth {
		if !d.tooLarge { // said once
			d.problem(node.Line, path, "is too large or too deep, perhaps by its aliases; write it out")
		}
		d.tooLarge = true
		return
	}
	if isNull(node) {
		return // as good as not written
	}
	if unmarshaler, ok := into.Addr().Interface().(encoding.TextUnmarshaler); ok {
		d.text(node, unmarshaler, path)
		return
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		d.value(node, into.Elem(), path, depth)
	case reflect.Struct:
		d.object(node, into, path, depth)
	case reflect.Slice:
		d.list(node, into, path, depth)
	case reflect.Map:
		d.mapping(node, into, path, depth)
	case reflect.Interface:
		if value := d.free(node, path, depth); value != nil {
			into.Set(reflect.ValueOf(value))
		}
	default:
		d.scalar(node, into, path)
	}
}

// object reads a mapping into a struct.
func (d *decoder) object(node *yaml.Node, into reflect.Value, path string, depth int) {
	fields := fieldsOf(into.Type())
	d.pairs(node, path, func(key string, value *yaml.Node, line int, below string) {
		index, known := fields[key]
		if !known {
			d.problem(line, below, "there is no such field; %s", suggest(key, fields))
			return
		}
		d.value(value, into.FieldByIndex(index), below, depth+1)
	})
}

// mapping reads a mapping into a map with text for keys.
func (d *decoder) mapping(node *yaml.Node, into reflect.Value, path string, depth int) {
	into.Set(reflect.MakeMap(into.Type()))
	d.pairs(node, path, func(key string, value *yaml.Node, _ int, below string) {
		element := reflect.New(into.Type().Elem()).Elem()
		d.value(value, element, below, depth+1)
		into.SetMapIndex(reflect.ValueOf(key), element)
	})
}

// pairs calls visit for the keys of a mapping, each once.
func (d *decoder) pairs(node *yaml.Node, path string, visit func(key string, value *yaml.Node, line int, below string)) {
	if node.Kind != yaml.MappingNode {
		d.problem(node.Line, path, "must hold fields, as in name: value, and is %s", describe(node))
		return
	}
	seen := make(map[string]int)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		below := Join(path, key.Value[:min(len(key.Value), maxName)])
		switch first, twice := seen[key.Value]; {
		case key.ShortTag() == "!!merge":
			d.problem(key.Line, path, "merges with << are not read; write the fields out")
		case key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str":
			d.problem(key.Line, path, "has a name that is %s; write text, in quotes if need be", describe(key))
		case len(key.Value) > maxName:
			d.problem(key.Line, path, "has a name of %d bytes; at most %d are read", len(key.Value), maxName)
		case twice:
			d.problem(key.Line, below, "is there already, in line %d; remove one of them", first)
		default:
			seen[key.Value] = key.Line
			if !isNull(value) { // else it is as good as not given
				d.lines[below] = key.Line
			}
			visit(key.Value, value, key.Line, below)
		}
	}
}

// list reads a sequence into a slice.
func (d *decoder) list(node *yaml.Node, into reflect.Value, path string, depth int) {
	if node.Kind != yaml.SequenceNode {
		d.problem(node.Line, path, "must be a list, as in [a, b], and is %s", describe(node))
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(node.Content), len(node.Content)))
	for i, item := range node.Content {
		below := fmt.Sprintf("%s[%d]", path, i)
		d.lines[below] = item.Line
		d.value(item, into.Index(i), below, depth+1)
	}
}

// Join returns the path of the field of a name below another.
func Join(path, key string) string {
	switch {
	case key == "" || strings.ContainsAny(key, ".[]\"' \n"):
		return path + "[" + strconv.Quote(key) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

// fieldsOf returns the fields of a struct by their names in files; those of an
// embedded struct count as its own.
func fieldsOf(t reflect.Type) map[string][]int {
	fields := make(map[string][]int)
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "" && field.IsExported() && !field.Anonymous {
			fields[name] = field.Index
		}
	}
	return fields
}
