// Package glob matches names against patterns with wildcards. Everything that
// people write globs in (selectors of rules, configuration, exceptions) means
// the same by them.
package glob

import (
	"fmt"
	"path"
	"strings"
)

// Glob is a compiled pattern: * stands for any text, ? for one character,
// [a-z] for one of several, and \ takes the meaning from what follows it. All
// else stands for itself. The zero value matches the empty text alone.
type Glob struct {
	pattern string // as written
	prefix  string // what stands before the first wildcard
	literal bool   // there is no wildcard: prefix is all
	// middle and suffix are what stands between and behind asterisks, where there
	// are no other wildcards.
	middle []string
	suffix string
	rest   string // with other wildcards: the pattern behind prefix, for path.Match
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
		return Glob{pattern: pattern, prefix: pattern, literal: true}, nil
	}
	g := Glob{pattern: pattern, prefix: pattern[:wild]}
	if strings.ContainsAny(pattern, `?[\`) {
		g.rest = strings.ReplaceAll(pattern[wild:], separator, stand)
		return g, nil
	}
	parts := strings.Split(pattern[wild+1:], "*")
	g.middle, g.suffix = parts[:len(parts)-1], parts[len(parts)-1]
	return g, nil
}

// Match tells whether the pattern matches the whole of a text.
func (g *Glob) Match(text string) bool {
	if !strings.HasPrefix(text, g.prefix) {
		return false
	}
	text = text[len(g.prefix):]
	switch {
	case g.literal || g.pattern == "":
		return text == ""
	case g.rest != "":
		matched, _ := path.Match(g.rest, strings.ReplaceAll(text, separator, stand)) // checked by Compile
		return matched
	}
	if !strings.HasSuffix(text, g.suffix) {
		return false
	}
	text = text[:len(text)-len(g.suffix)]
	for _, part := range g.middle {
		_, after, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = after
	}
	return true
}

// Literal tells whether the pattern has no wildcards: it matches itself alone.
func (g *Glob) Literal() bool { return g.literal }

// String returns the pattern as it was written.
func (g *Glob) String() string { return g.pattern }

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
	for i := range l {
		if l[i].Match(text) {
			return true
		}
	}
	return false
}
