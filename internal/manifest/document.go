package manifest

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	yaml3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
)

// document is one YAML document or JSON value of a file.
type document struct {
	text   []byte
	line   int  // of the text's first line, from 1
	isJSON bool // text is JSON
}

// file is one file being read.
type file struct {
	*reader
	name   string
	strays []stray
}

// stray is a document that is no Kubernetes object.
type stray struct {
	line   int
	reason string
}

// part reads what stands between two separators.
func (f *file) part(p part) {
	if !startsLikeJSON(p.text) {
		f.yaml(p)
		return
	}
	line, err := f.jsonValues(p)
	if err == nil {
		return
	}
	// Flow style YAML starts like JSON, and so do templates. What the JSON
	// reader says of a file that is neither is the better help.
	if converted, yamlErr := convert(p.text); yamlErr == nil {
		f.document(&document{text: p.text, line: p.line}, converted)
		return
	}
	if hint := templateHint(p); hint != nil {
		line, err = hint.line, hint.err
	}
	f.problem(f.name, line, "%s", err)
}

// isWhole tells whether a text is one YAML document to its end. The conversion
// stops behind the bracket that closes the first.
func isWhole(text []byte) bool {
	decoder := yaml3.NewDecoder(bytes.NewReader(text))
	var node yaml3.Node
	return decoder.Decode(&node) == nil && errors.Is(decoder.Decode(&node), io.EOF)
}

func startsLikeJSON(text []byte) bool {
	text = bytes.TrimSpace(text)
	return len(text) > 0 && (text[0] == '{' || text[0] == '[')
}

// jsonValues reads a part as JSON values one after another. Nothing is kept
// when one of them is malformed: its error comes with the line.
func (f *file) jsonValues(p part) (int, error) {
	var values []*document
	var raws [][]byte
	decoder := jsontext.NewDecoder(bytes.NewBuffer(p.text), jsontext.AllowDuplicateNames(true))
	line, counted := p.line, 0
	for {
		value, err := decoder.ReadValue()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return jsonError(p, err)
		}
		end := int(decoder.InputOffset())
		start := end - len(value)
		text := p.text[start:end]
		line, counted = line+bytes.Count(p.text[counted:start], []byte("\n")), start
		values = append(values, &document{text: text, line: line, isJSON: true})
		raws = append(raws, withoutDuplicates(text))
	}
	for i, value := range values {
		f.document(value, raws[i])
	}
	return 0, nil
}

// withoutDuplicates returns valid JSON with the last of fields of the same name
// only, as Kubernetes reads it.
func withoutDuplicates(text []byte) []byte {
	if jsontext.Value(text).IsValid() {
		return text
	}
	decoder := stdjson.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return text
	}
	clean, err := stdjson.Marshal(value)
	if err != nil {
		return text
	}
	return clean
}

// jsonError returns the line and the plain text of a JSON reader's error.
func jsonError(p part, err error) (int, error) {
	syntactic, ok := errors.AsType[*jsontext.SyntacticError](err)
	if !ok {
		return p.line, err
	}
	offset := min(int(syntactic.ByteOffset), len(p.text))
	line := p.line + bytes.Count(p.text[:offset], []byte("\n"))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return line, errors.New("invalid JSON: it ends too early; a bracket or a quote is not closed")
	}
	return line, fmt.Errorf("invalid JSON: %w", syntactic.Err)
}

// yaml reads a part as YAML.
func (f *file) yaml(p part) {
	converted, err := convert(p.text)
	if err == nil {
		f.document(&document{text: p.text, line: p.line}, converted)
		return
	}
	line, message := yamlError(p, err)
	if hint := templateHint(p); hint != nil {
		line, message = hint.line, hint.err.Error()
	}
	f.problem(f.name, line, "%s", message)
}

// convert turns one YAML document into JSON the way kubectl does: yes and no
// are booleans, and numbers with a leading zero are octal.
func convert(text []byte) ([]byte, error) {
	if err := checkAliases(text); err != nil {
		return nil, err
	}
	if body := bytes.TrimPrefix(text, []byte("---")); startsLikeJSON(body) && !isWhole(text) {
		return nil, errors.New("there is text behind the bracket that closes the document")
	}
	return yaml.YAMLToJSON(text)
}

// yamlLine finds the line in the YAML reader's errors, which are plain text.
var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?((?s:.*))$`)

// yamlError returns the line and the text of a YAML reader's error.
func yamlError(p part, err error) (int, string) {
	found := yamlLine.FindStringSubmatch(err.Error())
	line := p.line
	if number, err := strconv.Atoi(found[1]); err == nil {
		// An end that comes too early is reported on the line after it.
		line += min(number-1, bytes.Count(bytes.TrimSpace(p.text), []byte("\n")))
	} else if first := firstContent(p.text); first > 0 {
		line += first
	}
	message := "invalid YAML: " + strings.ReplaceAll(found[2], "\n", " ")
	if tab := tabbedLine(p.text, line-p.line+1); tab > 0 {
		return p.line + tab - 1, "invalid YAML: the line is indented with a tab; use spaces"
	}
	return line, message
}

// tabbedLine returns the number of the line that is indented with a tab at or
// beside a line, from 1, or 0.
func tabbedLine(text []byte, beside int) int {
	number := 0
	for line := range bytes.Lines(text) {
		number++
		content := bytes.TrimLeft(line, " ")
		if number >= beside-1 && number <= beside+1 && len(content) > 0 && content[0] == '\t' {
			return number
		}
	}
	return 0
}

// locatedError is an error with its line.
type locatedError struct {
	line int
	err  error
}

// templateHint says of a part that does not parse that it is a template, if it
// is.
func templateHint(p part) *locatedError {
	offset := bytes.Index(p.text, []byte("{{"))
	if offset < 0 {
		return nil
	}
	return &locatedError{
		line: p.line + bytes.Count(p.text[:offset], []byte("\n")),
		err:  errors.New("this is a template and not a manifest; render it first, as in helm template CHART | reeve audit -f -"),
	}
}
