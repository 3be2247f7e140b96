package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kubereeve/reeve/internal/finding"
)

// excerpt is the part of an object that a finding is about: the smallest mapping
// around its field.
type excerpt struct {
	path string // of the mapping, from the object's root; empty for the root
	text string // YAML, beginning with the field that holds the mapping
}

// Sizes, in lines, up to which values beside the field are shown.
const (
	shortValue = 3
	shortWhole = 12
)

// elided stands for what is left out.
const elided = "# ..."

// newExcerpt returns the excerpt of a finding on an object of a fixture.
func newExcerpt(fixture []byte, found finding.Finding) (excerpt, error) {
	for decoder := yaml.NewDecoder(bytes.NewReader(fixture)); ; {
		var document yaml.Node
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return excerpt{}, fmt.Errorf("there is no %s", found.Resource)
		} else if err != nil {
			return excerpt{}, err
		}
		if len(document.Content) == 0 {
			continue
		}
		if object := search(document.Content[0], found); object != nil {
			return cutOut(object, found.Path)
		}
	}
}

// search returns the object that a finding is about, within lists as well.
func search(node *yaml.Node, found finding.Finding) *yaml.Node {
	var object struct {
		Kind     string
		Metadata struct{ Name, Namespace string }
	}
	if node.Decode(&object) == nil && object.Kind == found.Resource.Kind &&
		object.Metadata.Name == found.Resource.Name && object.Metadata.Namespace == found.Resource.Namespace {
		return node
	}
	if _, items := member(node, "items"); items != nil && items.Kind == yaml.SequenceNode {
		for _, item := range items.Content {
			if object := search(item, found); object != nil {
				return object
			}
		}
	}
	return nil
}

// place is a node on the way down a path.
type place struct {
	node *yaml.Node
	path string // up to the node
	// under is the field that holds the node, or the list that the node is an
	// item of; first tells that no item stands before it.
	under  string
	isItem bool
	first  bool
}

// cutOut follows a path as far as the object has it, and returns the last
// mapping on the way.
func cutOut(object *yaml.Node, path string) (excerpt, error) {
	at := place{node: object}
	mapping := at
	var below *yaml.Node // the key in the mapping that the path leads to
	for path != "" {
		next, key, rest, ok := at.step(path)
		if !ok {
			break
		}
		if at.node == mapping.node {
			below = key
		}
		if next.node.Kind == yaml.MappingNode {
			mapping, below = next, nil
		}
		at, path = next, rest
	}
	lines, err := show(mapping.node, below, mapping.under == "")
	if err != nil {
		return excerpt{}, err
	}
	if mapping.isItem {
		lines = indent(lines, "  ")
		lines[0] = "- " + strings.TrimPrefix(lines[0], "  ")
		if !mapping.first {
			lines = append([]string{elided}, lines...)
		}
	}
	switch {
	case mapping.under == "":
	case len(lines) == 1 && strings.HasPrefix(lines[0], "{"):
		lines[0] = mapping.under + ": " + lines[0]
	case mapping.isItem:
		lines = append([]string{mapping.under + ":"}, lines...)
	default:
		lines = append([]string{mapping.under + ":"}, indent(lines, "  ")...)
	}
	return excerpt{mapping.path, strings.Join(lines, "\n") + "\n"}, nil
}

// step takes the first step of a path: a field, whose key it returns as well, or
// an index.
func (p place) step(path string) (next place, key *yaml.Node, rest string, ok bool) {
	if index, rest, ok := cutIndex(path); ok {
		if p.node.Kind != yaml.SequenceNode || index >= len(p.node.Content) {
			return place{}, nil, "", false
		}
		return place{p.node.Content[index], fmt.Sprintf("%s[%d]", p.path, index), p.under, true, index == 0}, nil, rest, true
	}
	if p.node.Kind != yaml.MappingNode {
		return place{}, nil, "", false
	}
	for i := 0; i+1 < len(p.node.Content); i += 2 {
		name := p.node.Content[i].Value
		if rest, ok := cutKey(path, name); ok {
			full := strings.TrimPrefix(p.path+"."+name, ".")
			if strings.ContainsAny(name, "./") {
				full = fmt.Sprintf("%s[%q]", p.path, name)
			}
			return place{node: p.node.Content[i+1], path: full, under: name}, p.node.Content[i], rest, true
		}
	}
	return place{}, nil, "", false
}

// cutKey cuts a key from the start of a path: key, key.rest, key[0] or
// ["key"].rest.
func cutKey(path, key string) (string, bool) {
	if rest, ok := strings.CutPrefix(path, "["+strconv.Quote(key)+"]"); ok {
		return strings.TrimPrefix(rest, "."), true
	}
	rest, ok := strings.CutPrefix(path, key)
	switch {
	case !ok || key == "":
		return "", false
	case rest == "" || rest[0] == '[':
		return rest, true
	}
	return strings.CutPrefix(rest, ".")
}

// cutIndex cuts [0] from the start of a path.
func cutIndex(path string) (int, string, bool) {
	digits, rest, ok := strings.Cut(strings.TrimPrefix(path, "["), "]")
	index, err := strconv.Atoi(digits)
	if !ok || path == "" || path[0] != '[' || err != nil || index < 0 {
		return 0, "", false
	}
	return index, strings.TrimPrefix(rest, "."), true
}

// show returns the lines of a mapping. What is long beside the key that matters
// is left out; of a whole object, its fields' own short fields are shown.
func show(mapping, matters *yaml.Node, isRoot bool) ([]string, error) {
	whole, err := encode(mapping)
	if err != nil || len(whole) <= shortWhole {
		return whole, err
	}
	var lines []string
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		entry, err := encode(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{key, value}})
		if err != nil {
			return nil, err
		}
		switch {
		case key == matters || len(entry) <= shortValue:
			lines = append(lines, entry...)
		case isRoot && value.Kind == yaml.MappingNode:
			below, err := show(value, nil, false)
			if err != nil {
				return nil, err
			}
			lines = append(append(lines, key.Value+":"), indent(below, "  ")...)
		case len(lines) == 0 || lines[len(lines)-1] != elided:
			lines = append(lines, elided)
		}
	}
	return lines, nil
}

// encode returns the lines of a node as YAML, without the comments between them.
func encode(node *yaml.Node) ([]string, error) {
	withoutComments(node)
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	encoder.CompactSeqIndent()
	if err := encoder.Encode(node); err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimRight(out.String(), "\n"), "\n"), nil
}

func withoutComments(node *yaml.Node) {
	node.HeadComment, node.FootComment = "", ""
	for _, below := range node.Content {
		withoutComments(below)
	}
}

// member returns the key and value of a mapping's field, nil where it is not
// there.
func member(node *yaml.Node, name string) (key, value *yaml.Node) {
	for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return node.Content[i], node.Content[i+1]
		}
	}
	return nil, nil
}

func indent(lines []string, margin string) []string {
	indented := make([]string, len(lines))
	for i, line := range lines {
		indented[i] = margin + line
	}
	return indented
}
