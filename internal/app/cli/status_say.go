package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubereeve/reeve/internal/app/cli/terminal"
)

// kindOfSaying tells what is wrong from what is not known and what is good to know.
type kindOfSaying int

const (
	problems kindOfSaying = iota
	unknowns
	notes
)

// saying is one thing to say, of all whom it is true of.
type saying struct {
	kind  kindOfSaying
	text  string
	names []string
}

// sayings are said once, however many replicas they are true of.
type sayings struct{ all []*saying }

func (s *sayings) problem(name, format string, arguments ...any) {
	s.add(problems, name, format, arguments)
}

func (s *sayings) unknown(name, format string, arguments ...any) {
	s.add(unknowns, name, format, arguments)
}

func (s *sayings) note(name, format string, arguments ...any) { s.add(notes, name, format, arguments) }

func (s *sayings) add(kind kindOfSaying, name, format string, arguments []any) {
	text := terminal.Clean(fmt.Sprintf(format, arguments...))
	i := slices.IndexFunc(s.all, func(other *saying) bool { return other.kind == kind && other.text == text })
	if i < 0 {
		s.all = append(s.all, &saying{kind: kind, text: text})
		i = len(s.all) - 1
	}
	if name != "" {
		s.all[i].names = append(s.all[i].names, name)
	}
}

// texts returns the sayings of a kind, each with whom it is about.
func (s *sayings) texts(kind kindOfSaying) []string {
	texts := []string{}
	for _, saying := range s.all {
		if saying.kind != kind {
			continue
		}
		text := saying.text
		if len(saying.names) > 0 {
			text = strings.Join(saying.names, ", ") + ": " + text
		}
		texts = append(texts, text)
	}
	return texts
}
