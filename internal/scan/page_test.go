package scan

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func TestReadPage(t *testing.T) {
	broken := errors.New("connection reset by peer")
	for _, test := range []struct {
		name  string
		text  io.Reader
		items []string
		next  string
		err   error
	}{
		{
			name:  "reads items and the token",
			text:  strings.NewReader(`{"kind":"RoleList","apiVersion":"v1","metadata":{"resourceVersion":"7","continue":"abc"},"items":[{"a":1},{"b":[2]}]}`),
			items: []string{`{"a":1}`, `{"b":[2]}`}, next: "abc",
		},
		{
			name:  "reads metadata that comes last",
			text:  strings.NewReader(`{"items":[{}],"metadata":{"continue":"x"}}`),
			items: []string{`{}`}, next: "x",
		},
		{name: "takes null for no items", text: strings.NewReader(`{"items":null,"metadata":{}}`)},
		{name: "takes an empty list", text: strings.NewReader(`{"items":[]}`)},
		{
			name:  "takes a stream of single bytes",
			text:  iotest.OneByteReader(strings.NewReader(`{"items":[{"a":"ä"}]}`)),
			items: []string{`{"a":"ä"}`},
		},
		{
			name:  "leaves a doubled field name to the one object",
			text:  strings.NewReader(`{"items":[{"a":1,"a":2}]}`),
			items: []string{`{"a":1,"a":2}`},
		},
		{name: "refuses a status", text: strings.NewReader(`{"kind":"Status","status":"Failure"}`), err: errMalformed},
		{name: "refuses an array", text: strings.NewReader(`[{}]`), err: errMalformed},
		{name: "refuses text", text: strings.NewReader(`<html>bad gateway</html>`), err: errMalformed},
		{name: "refuses items that are no array", text: strings.NewReader(`{"items":{"a":1}}`), err: errMalformed},
		{name: "refuses an item that is no object", text: strings.NewReader(`{"items":[{},"x"]}`), err: errMalformed},
		{name: "refuses broken JSON", text: strings.NewReader(`{"items":[{"a":}]}`), err: errMalformed},
		{name: "refuses metadata of the wrong type", text: strings.NewReader(`{"items":[],"metadata":{"continue":5}}`), err: errMalformed},
		{name: "tells an answer that ends in an item", text: strings.NewReader(`{"items":[{"a":1},{"b"`), err: io.ErrUnexpectedEOF},
		{name: "tells an answer that ends after an item", text: strings.NewReader(`{"items":[{"a":1}`), err: io.ErrUnexpectedEOF},
		{name: "tells an answer that ends before the closing brace", text: strings.NewReader(`{"items":[{"a":1}]`), err: io.ErrUnexpectedEOF},
		{name: "tells an empty answer", text: strings.NewReader(``), err: io.ErrUnexpectedEOF},
		{
			name: "passes on what broke the stream",
			text: io.MultiReader(strings.NewReader(`{"items":[{"a":1},`), iotest.ErrReader(broken)), err: broken,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			list, err := readPage(test.text)
			if !errors.Is(err, test.err) {
				t.Fatalf("error %v, want %v", err, test.err)
			}
			if err != nil {
				return
			}
			var items []string
			for _, item := range list.items {
				items = append(items, string(item))
			}
			if diff := cmp.Diff(test.items, items); diff != "" {
				t.Errorf("items (-want +got):\n%s", diff)
			}
			if list.next != test.next {
				t.Errorf("token %q, want %q", list.next, test.next)
			}
		})
	}
}
