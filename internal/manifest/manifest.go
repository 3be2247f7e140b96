// Package manifest reads Kubernetes manifests: files, directories and standard
// input, with several documents each, as YAML or JSON. It knows on which line
// every object and field stands. What cannot be read is reported and left out;
// the rest is read all the same.
package manifest

import (
	"context"
	"fmt"
	"io"

	"github.com/kubereeve/reeve/internal/resource"
)

// MaxFileSize bounds one file, and what one document grows to when its YAML
// aliases are replaced; in bytes.
const MaxFileSize = 64 << 20

// Options say how to read.
type Options struct {
	// Stdin is what the argument "-" reads.
	Stdin io.Reader
	// Namespace is given to namespaced objects that name none; when empty, they
	// stay without.
	Namespace string
}

// Object is one Kubernetes object of a manifest.
type Object struct {
	// Resource is what is judged. Its Source is the line the object starts at.
	Resource *resource.Resource

	document *document
	// prefix leads to the object from the document's root, as in items[3].; it
	// is empty unless the document is a list.
	prefix string
}

// Problem is something wrong with a file: what, where and the remedy.
type Problem struct {
	File    string
	Line    int // from 1; 0 when the whole file is meant
	Message string
}

// Error returns file:line: message.
func (p *Problem) Error() string {
	if p.Line == 0 {
		return p.File + ": " + p.Message
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message)
}

// PassedOver is a file of a directory that was left out because it holds no
// Kubernetes manifest, as chart values and settings of other programs.
type PassedOver struct {
	File   string
	Reason string
}

// Result is everything read, in the order of the arguments, of file names and
// of lines.
type Result struct {
	Objects    []Object
	Problems   []*Problem
	PassedOver []PassedOver
}

// Read reads manifests. An argument is a file, a directory, whose .yaml, .yml
// and .json files are read recursively, or "-" for standard input. An argument
// that leads to no object is a problem. Read ends early when ctx does.
func Read(ctx context.Context, arguments []string, options Options) *Result {
	r := &reader{options: options, result: &Result{}, seen: make(map[string]bool)}
	for _, argument := range arguments {
		if ctx.Err() != nil {
			break
		}
		r.argument(ctx, argument)
	}
	return r.result
}

// reader collects what is read.
type reader struct {
	options Options
	result  *Result
	// seen holds the files read, so that none is read twice.
	seen map[string]bool
	// lists counts the lists without items, which are Kubernetes manifests too.
	lists int
	// repeated counts the files that were named again.
	repeated int
}

func (r *reader) problem(file string, line int, format string, arguments ...any) {
	r.result.Problems = append(r.result.Problems, &Problem{File: file, Line: line, Message: fmt.Sprintf(format, arguments...)})
}

// size grows with everything that is found, good or bad.
func (r *reader) size() int {
	return len(r.result.Objects) + len(r.result.Problems) + r.lists + r.repeated
}
