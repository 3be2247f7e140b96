package manifest

import (
	"bytes"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// checkAliases refuses a document that grows beyond MaxFileSize once each alias
// is replaced by what it stands for. Few bytes could fill all memory otherwise.
func checkAliases(text []byte) error {
	if bytes.IndexByte(text, '&') < 0 || bytes.IndexByte(text, '*') < 0 {
		return nil
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return err
	}
	e := expansion{sizes: make(map[*yaml.Node]int)}
	_, err := e.size(&root)
	return err
}

// expansion measures nodes with their aliases replaced.
type expansion struct {
	sizes map[*yaml.Node]int // of anchored nodes; -1 while it is being measured
}

// size returns about how many bytes of JSON a node becomes.
func (e *expansion) size(node *yaml.Node) (int, error) {
	if node.Kind == yaml.AliasNode {
		return e.size(node.Alias)
	}
	if size, known := e.sizes[node]; known {
		if size < 0 {
			return 0, fmt.Errorf("line %d: anchor %q contains itself", node.Line, node.Anchor)
		}
		return size, nil
	}
	if node.Anchor != "" {
		e.sizes[node] = -1
	}
	size := len(node.Value) + 4
	for _, below := range node.Content {
		more, err := e.size(below)
		if err != nil {
			return 0, err
		}
		if size += more; size > MaxFileSize {
			return 0, errors.New("its aliases make it too large")
		}
	}
	if node.Anchor != "" {
		e.sizes[node] = size
	}
	return size, nil
}
