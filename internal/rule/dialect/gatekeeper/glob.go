package gatekeeper

import (
	"fmt"
	"regexp"
	"strings"
)

// Glob is a name as match criteria write it: with an asterisk at its start, its
// end, both or neither. An asterisk anywhere else stands for itself.
type Glob string

// globPattern is what Gatekeeper's own schema accepts.
var globPattern = regexp.MustCompile(`^\*?[-:a-z0-9]*\*?$`)

func (g Glob) check() error {
	if !globPattern.MatchString(string(g)) {
		return fmt.Errorf("%q is not a name or a glob; use lower case letters, digits and -, with * at the start or the end, as in kube-*", string(g))
	}
	return nil
}

// Matches tells whether a name is the glob's.
func (g Glob) Matches(name string) bool {
	text := string(g)
	withoutStart, anyStart := strings.CutPrefix(text, "*")
	switch {
	case anyStart && strings.HasSuffix(text, "*"):
		return strings.Contains(name, strings.TrimSuffix(withoutStart, "*"))
	case anyStart:
		return strings.HasSuffix(name, withoutStart)
	case strings.HasSuffix(text, "*"):
		return strings.HasPrefix(name, strings.TrimSuffix(text, "*"))
	}
	return text == name
}

// MatchesGenerated tells whether every name that the API server may make of a
// generateName is the glob's. Only a glob with an open end can know that.
func (g Glob) MatchesGenerated(generateName string) bool {
	return strings.HasSuffix(string(g), "*") && g.Matches(generateName)
}

// anyMatches tells whether one of the globs matches a name.
func anyMatches(globs []Glob, name string) bool {
	for _, glob := range globs {
		if glob.Matches(name) {
			return true
		}
	}
	return false
}
