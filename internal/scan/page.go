package scan

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// page is one page of a list: the raw JSON of each object, and the token to
// continue with, empty on the last page.
type page struct {
	items []jsontext.Value
	next  string
}

// errMalformed says that what the server sent is not a list of objects.
var errMalformed = errors.New("the answer is not a list of Kubernetes objects")

// readPage reads a page from a stream. Only the objects are kept, each in
// memory of its own. It fails with errMalformed, or with the stream's error.
func readPage(stream io.Reader) (page, error) {
	// Both checks would fail the whole page for one object, which says so
	// itself when it is judged.
	decoder := jsontext.NewDecoder(stream, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	var list page
	if err := open(decoder, '{'); err != nil {
		return list, err
	}
	hasItems := false
	for decoder.PeekKind() == '"' {
		key, err := decoder.ReadToken()
		if err != nil {
			return list, streamError(err)
		}
		switch key.String() {
		case "metadata":
			list.next, err = readContinue(decoder)
		case "items":
			hasItems = true
			list.items, err = readItems(decoder)
		default:
			err = streamError(decoder.SkipValue())
		}
		if err != nil {
			return list, err
		}
	}
	if _, err := decoder.ReadToken(); err != nil { // the closing brace
		return list, streamError(err)
	}
	if !hasItems {
		return list, fmt.Errorf("%w: it has no items", errMalformed)
	}
	return list, nil
}

// readContinue reads the list's metadata.
func readContinue(decoder *jsontext.Decoder) (string, error) {
	var metadata struct {
		Continue string `json:"continue"`
	}
	err := json.UnmarshalDecode(decoder, &metadata)
	return metadata.Continue, streamError(err)
}

// readItems reads the list's objects.
func readItems(decoder *jsontext.Decoder) ([]jsontext.Value, error) {
	if decoder.PeekKind() == 'n' { // no items: some servers write null
		return nil, streamError(decoder.SkipValue())
	}
	if err := open(decoder, '['); err != nil {
		return nil, err
	}
	var items []jsontext.Value
	for decoder.PeekKind() != ']' {
		item, err := decoder.ReadValue()
		if err != nil {
			return nil, streamError(err)
		}
		if item.Kind() != '{' {
			return nil, fmt.Errorf("%w: item %d is no object", errMalformed, len(items))
		}
		items = append(items, item.Clone())
	}
	_, err := decoder.ReadToken()
	return items, streamError(err)
}

// open reads the start of an object or an array.
func open(decoder *jsontext.Decoder, kind jsontext.Kind) error {
	token, err := decoder.ReadToken()
	if err != nil {
		return streamError(err)
	}
	if token.Kind() != kind {
		return fmt.Errorf("%w: %q stands where %q belongs", errMalformed, token.Kind(), kind)
	}
	return nil
}

// streamError tells wrong JSON from a stream that broke off, which may not
// happen again.
func streamError(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return io.ErrUnexpectedEOF
	}
	syntactic := (*jsontext.SyntacticError)(nil)
	semantic := (*json.SemanticError)(nil)
	if errors.As(err, &syntactic) || errors.As(err, &semantic) {
		return fmt.Errorf("%w: %w", errMalformed, err)
	}
	return err
}
