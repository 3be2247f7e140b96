package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"
)

// Locator finds the lines of fields. It keeps the positions of the document it
// was asked about last, so ask about the objects in the order they were read.
// The zero value works; a Locator is not safe for concurrent use.
type Locator struct {
	document *document
	root     *yaml.Node
}

// Line returns the line of an object's field, given by its path from the
// object's root, as in spec.containers[0].image. Where the manifest has no such
// field it is the line of the nearest one above it.
func (l *Locator) Line(object Object, path string) int {
	start := object.Resource.Source.Line
	if path == "" {
		return start
	}
	return l.line(object.document, object.prefix+path, start)
}

// line resolves a path from a document's root; fallback is the answer when the
// positions cannot be known.
func (l *Locator) line(d *document, path string, fallback int) int {
	if l.document != d {
		l.document, l.root = d, d.positions()
	}
	if l.root == nil {
		return fallback
	}
	relative := find(l.root, strings.TrimSuffix(path, "."))
	if relative == 0 {
		return fallback
	}
	return d.line + relative - 1
}

// positions parses the document once more, with the line of every field. It is
// nil when that fails.
func (d *document) positions() *yaml.Node {
	if d.isJSON {
		p := &jsonPositions{text: d.text, line: 1}
		p.decoder = jsontext.NewDecoder(bytes.NewBuffer(d.text), jsontext.AllowDuplicateNames(true))
		root, err := p.value()
		if err != nil {
			return nil
		}
		return root
	}
	var root yaml.Node
	if err := yaml.Unmarshal(d.text, &root); err != nil || len(root.Content) == 0 {
		return nil
	}
	return root.Content[0]
}

// find follows a path as far as it goes and returns the line where it ends; 0
// when not even its first step is there.
func find(node *yaml.Node, path string) int {
	line := 0
	for path != "" {
		key, value, rest := step(node, path)
		if value == nil {
			break
		}
		line = key.Line
		node, path = value, rest
	}
	return line
}

// step takes the first step of a path. It returns the node that the step's line
// is taken from, the node it leads to, nil when there is none, and the rest of
// the path.
func step(node *yaml.Node, path string) (key, value *yaml.Node, rest string) {
	if node.Kind == yaml.AliasNode && node.Alias != nil {
		node = node.Alias
	}
	switch node.Kind {
	case yaml.SequenceNode:
		index, rest, ok := cutIndex(path)
		if ok && index < len(node.Content) {
			return node.Content[index], node.Content[index], rest
		}
	case yaml.MappingNode:
		return field(node, path)
	}
	return nil, nil, ""
}

// field finds the field a path begins with. Keys may have dots of their own, so
// the longest that fits is taken, and of equal ones the last.
func field(node *yaml.Node, path string) (key, value *yaml.Node, rest string) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		name := node.Content[i]
		if name.Kind != yaml.ScalarNode || key != nil && len(name.Value) < len(key.Value) {
			continue
		}
		if after, ok := cutKey(path, name.Value); ok {
			key, value, rest = name, node.Content[i+1], after
		}
	}
	if key != nil {
		return key, value, rest
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == "<<" && node.Content[i+1].Kind == yaml.AliasNode {
			if merged := node.Content[i+1].Alias; merged != nil && merged != node && merged.Kind == yaml.MappingNode {
				return field(merged, path)
			}
		}
	}
	return nil, nil, ""
}

// cutKey cuts a key from the start of a path: key, key.rest, key[0] or
// ["key"].rest.
func cutKey(path, key string) (string, bool) {
	if quoted, ok := strings.CutPrefix(path, "["+strconv.Quote(key)+"]"); ok {
		return strings.TrimPrefix(quoted, "."), true
	}
	rest, ok := strings.CutPrefix(path, key)
	if !ok || key == "" {
		return "", false
	}
	if rest == "" || rest[0] == '[' {
		return rest, true
	}
	return strings.CutPrefix(rest, ".")
}

// cutIndex cuts [0] from the start of a path.
func cutIndex(path string) (int, string, bool) {
	digits, rest, ok := strings.Cut(strings.TrimPrefix(path, "["), "]")
	index, err := strconv.Atoi(digits)
	if !ok || path[0] != '[' || err != nil || index < 0 {
		return 0, "", false
	}
	return index, strings.TrimPrefix(rest, "."), true
}

// jsonPositions reads JSON into YAML nodes with their lines.
type jsonPositions struct {
	text    []byte
	decoder *jsontext.Decoder
	offset  int
	line    int
}

// token reads one token and counts the lines up to its end.
func (p *jsonPositions) token() (jsontext.Token, error) {
	token, err := p.decoder.ReadToken()
	offset := int(p.decoder.InputOffset())
	p.line += bytes.Count(p.text[p.offset:offset], []byte("\n"))
	p.offset = offset
	return token, err
}

func (p *jsonPositions) value() (*yaml.Node, error) {
	token, err := p.token()
	if err != nil {
		return nil, err
	}
	node := &yaml.Node{Kind: yaml.ScalarNode, Line: p.line}
	switch token.Kind() {
	case '"':
		node.Value = token.String()
	case '{':
		node.Kind = yaml.MappingNode
	case '[':
		node.Kind = yaml.SequenceNode
	case '}', ']':
		return nil, errors.New("no value")
	}
	if node.Kind == yaml.ScalarNode {
		return node, nil
	}
	for p.decoder.PeekKind() != '}' && p.decoder.PeekKind() != ']' {
		below, err := p.value()
		if err != nil {
			return nil, err
		}
		node.Content = append(node.Content, below)
	}
	if _, err := p.token(); err != nil {
		return nil, fmt.Errorf("the end is missing: %w", err)
	}
	return node, nil
}
