// Package config reads Reeve's configuration file: strictly, with every mistake
// listed by line, field and remedy, and completed by defaults. What the file
// says of rules it cannot know; package app holds that against the rule set.
package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/kubereeve/reeve/internal/config/v1alpha1"
)

// maxSize bounds a configuration file. A ConfigMap holds as much.
const maxSize = 1 << 20

// Document is a configuration that was read: complete, valid, and able to tell
// where in the file a field stands.
type Document struct {
	// Name is the file's name in messages.
	Name string
	// Config is what the file says. Defaults are not filled in.
	Config *v1alpha1.ReeveConfiguration
	lines  map[string]int // by field path
}

// Load reads a configuration file. All that is wrong with it comes as Problems,
// together with the document where its fields could be told apart, so that more can
// be said of it.
func Load(file string) (*Document, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, Problems{{File: file, Message: "cannot be read: " + reason(err)}}
	}
	defer opened.Close() //nolint:errcheck // it was only read
	return Read(file, opened)
}

// Read reads a configuration. The name stands before the line in messages. All
// that is wrong with it comes as Problems, as from Load.
func Read(name string, from io.Reader) (*Document, error) {
	text, err := io.ReadAll(io.LimitReader(from, maxSize+1))
	if err != nil {
		return nil, Problems{{File: name, Message: "cannot be read: " + reason(err)}}
	}
	if len(text) > maxSize {
		return nil, Problems{{File: name, Message: fmt.Sprintf("has more than %d bytes; at most as many are read", maxSize)}}
	}
	return Decode(name, text)
}

// Decode reads a configuration from YAML or JSON. All that is wrong with it
// comes as Problems, as from Load.
func Decode(name string, text []byte) (*Document, error) {
	d := newDecoder(name)
	config := &v1alpha1.ReeveConfiguration{}
	d.document(text, config)
	document := &Document{Name: name, Config: config, lines: d.lines}
	if d.readable {
		v := newValidator(document, d.problems)
		v.validate(config)
		d.problems = v.problems
	}
	switch {
	case len(d.problems) == 0:
		return document, nil
	case d.readable:
		return document, Sorted(d.problems)
	}
	return nil, Sorted(d.problems)
}

// Complete returns the configuration with defaults for what it does not say.
func (d *Document) Complete() *v1alpha1.ReeveConfiguration {
	complete := *d.Config
	SetDefaults(&complete)
	return &complete
}

// Revision identifies what the configuration says: it is the same whatever the
// order of fields, comments and defaults that are written out.
func (d *Document) Revision() string {
	text, err := json.Marshal(d.Complete())
	if err != nil { // all of it was read from text
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}

// Problem returns a problem with a field, given by its path as in
// modes[3].rules[0], with the line where the field stands.
func (d *Document) Problem(path, message string) *Problem {
	return &Problem{File: d.Name, Line: nearest(d.lines, path), Path: path, Message: message}
}
