package manifest

import (
	"bytes"
	"errors"
	"unicode/utf8"
)

// part is the text between two document separators of a file. Line is the
// number of its first line, from 1.
type part struct {
	text []byte
	line int
}

var byteOrderMark = []byte("\uFEFF")

// normalize returns a file's text with \n as its only line end and without byte
// order marks. It fails on text that is not UTF-8.
func normalize(text []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(text, []byte{0xFF, 0xFE}), bytes.HasPrefix(text, []byte{0xFE, 0xFF}):
		return nil, errors.New("the file is UTF-16; save it as UTF-8")
	case bytes.IndexByte(text, 0) >= 0:
		return nil, errors.New("the file is binary; manifests are text")
	case !utf8.Valid(text):
		return nil, errors.New("the file is not UTF-8; save it as UTF-8")
	}
	if bytes.IndexByte(text, '\r') >= 0 {
		text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
		text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
	}
	// Files put together from several have one at the start of each.
	text = bytes.TrimPrefix(text, byteOrderMark)
	return bytes.ReplaceAll(text, append([]byte("\n"), byteOrderMark...), []byte("\n")), nil
}

// split cuts a file into its documents, at lines that start with --- and after
// lines that start with three dots.
func split(text []byte) []part {
	var parts []part
	start, startLine, line := 0, 1, 0
	cut := func(end, nextLine int) {
		if !blank(text[start:end]) {
			parts = append(parts, part{text[start:end], startLine})
		}
		start, startLine = end, nextLine
	}
	for offset := 0; offset < len(text); {
		line++
		end := offset + bytes.IndexByte(text[offset:], '\n') + 1
		if end == offset {
			end = len(text)
		}
		content := text[offset:end]
		switch {
		case isMarker(content, "---") && !onlyDirectives(text[start:offset]):
			cut(offset, line)
		case isMarker(content, "..."):
			cut(end, line+1)
		}
		offset = end
	}
	cut(len(text), 0)
	return parts
}

// isMarker tells whether a line is a document marker, with or without something
// after it.
func isMarker(line []byte, marker string) bool {
	rest, found := bytes.CutPrefix(line, []byte(marker))
	return found && (len(rest) == 0 || bytes.IndexByte([]byte(" \t\n"), rest[0]) >= 0)
}

// blank tells whether there is nothing but comments and markers in a text.
func blank(text []byte) bool { return firstContent(text) < 0 }

// firstContent returns the number of lines above the first line of text that
// says something, markers, comments and directives aside, or -1 when none does.
func firstContent(text []byte) int {
	number := 0
	for line := range bytes.Lines(text) {
		trimmed := bytes.TrimSpace(line)
		if isMarker(line, "---") || isMarker(line, "...") {
			trimmed = bytes.TrimSpace(trimmed[3:])
		}
		if len(trimmed) > 0 && trimmed[0] != '#' && line[0] != '%' {
			return number
		}
		number++
	}
	return -1
}

// onlyDirectives tells whether a text has directives, as %YAML 1.1, and nothing
// else: the marker that follows ends them and not a document.
func onlyDirectives(text []byte) bool {
	directives := false
	for line := range bytes.Lines(text) {
		trimmed := bytes.TrimSpace(line)
		switch {
		case line[0] == '%':
			directives = true
		case len(trimmed) > 0 && trimmed[0] != '#':
			return false
		}
	}
	return directives
}
