// Package glob matches names against patterns with wildcards. Everything that
// people write globs in (selectors of rules, configuration, exceptions) means
// the same by them.
package glob

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Glob is a compiled pattern: * stands for any text, ? for one character,
// [a-z] for one of several, and \ takes the meaning from what follows it. All
// else stands for itself. The zero value matches the empty text alone.
type Glob struct {
	pattern string // as written
	prefix  string // what stands before the first wildcard
	rest    string // the pattern from the first wildcard on, for path.Match
}

// separator is the one character that path.Match treats as special. Globs are
// about names, such as gatekeeper/K8sPSPPrivileged/psp, where * matches it.
const (
	separator = "/"
	stand     = "\x00" // what stands for it while matching
)

// Compile reads a pattern. It fails on the empty one and on malformed ones.
func Compile(pattern string) (Glob, error) {
	if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
		return Glob{}, fmt.Errorf("%q is not a glob: * stands for any text, ? for one character, [a-z] for one of several", pattern)
	}
	wild := strings.IndexAny(pattern, `*?[\`)
	if wild < 0 {
		wild = len(pattern)
	}
	return Glob{pattern, pattern[:wild], strings.ReplaceAll(pattern[wild:], separator, stand)}, nil
}

// Match tells whether the pattern matches the whole of a text.
func (g Glob) Match(text string) bool {
	if !strings.HasPrefix(text, g.prefix) {
		return false
	}
	text = text[len(g.prefix):]
	switch g.rest {
	case "":
		return text == ""
	case "*":
		return true
	}
	matched, _ := path.Match(g.rest, strings.ReplaceAll(text, separator, stand)) // checked by Compile
	return matched
}

// Literal tells whether the pattern has no wildcards: it matches itself alone.
func (g Glob) Literal() bool { return g.rest == "" }

// String returns the pattern as it was written.
func (g Glob) String() string { return g.pattern }

// List is a list of globs.
type List []Glob

// CompileAll reads patterns. It fails on the first that Compile fails on.
func CompileAll(patterns []string) (List, error) {
	if len(patterns) == 0 {
		return nil, nil
	}
	list := make(List, len(patterns))
	for i, pattern := range patterns {
		var err error
		if list[i], err = Compile(pattern); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Match tells whether any glob matches a text.
func (l List) Match(text string) bool {
	return slices.ContainsFunc(l, func(g Glob) bool { return g.Match(text) })
}
