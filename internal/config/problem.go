package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Problem is one thing wrong with a configuration: where, what, and the remedy.
type Problem struct {
	File    string
	Line    int    // from 1; 0 when the whole file is meant
	Path    string // of the field, as in modes[3].namespaces.names[0]; empty when none is meant
	Message string
}

// Error returns file:line: field: message.
func (p *Problem) Error() string {
	var text strings.Builder
	text.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&text, ":%d", p.Line)
	}
	if p.Path != "" {
		text.WriteString(": " + p.Path)
	}
	return text.String() + ": " + p.Message
}

// Problems are all things wrong with a configuration.
type Problems []*Problem

// Error returns every problem in a line of its own.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

// Sorted returns problems in the order in which a reader of the file meets them.
func Sorted(problems Problems) Problems {
	return slices.SortedStableFunc(slices.Values(problems), func(a, b *Problem) int { return cmp.Compare(a.Line, b.Line) })
}

// nearest returns the line of a field or of the nearest one above it.
func nearest(lines map[string]int, path string) int {
	for {
		if line, known := lines[path]; known || path == "" {
			return line
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
}

// reason returns an error without the file's name, which stands in front.
func reason(err error) string {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return pathError.Err.Error()
	}
	return err.Error()
}
