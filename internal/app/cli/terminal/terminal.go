// Package terminal lays text out for terminals: colours, widths that hold for
// any script, and nothing in it that could play tricks on its reader.
package terminal

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"

	"github.com/kubereeve/reeve/internal/finding"
)

// When to colour.
const (
	ColorAuto   = "auto"
	ColorAlways = "always"
	ColorNever  = "never"
)

// The widths, in columns.
const (
	plainWidth = 120 // where there is no terminal to fit
	minWidth   = 40
)

// Look is how text appears on what it is written to.
type Look struct {
	Color bool
	Width int // in columns
}

// NewLook returns the look of text written to w. Color is one of the Color
// constants; a width of 0 is the terminal's.
func NewLook(w io.Writer, color string, width int) Look {
	l := Look{Width: width, Color: color == ColorAlways}
	file, ok := w.(*os.File)
	isTerminal := ok && term.IsTerminal(int(file.Fd()))
	if color == ColorAuto {
		l.Color = isTerminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	if l.Width == 0 && isTerminal {
		l.Width, _, _ = term.GetSize(int(file.Fd())) // 0 when it does not tell
	}
	if l.Width == 0 {
		l.Width = plainWidth
	}
	l.Width = max(l.Width, minWidth)
	return l
}

// What Paint can do to text that has no severity.
const (
	Bold  = "1"
	Faint = "2"
)

var severityCodes = map[finding.Severity]string{
	finding.Critical: "1;31", // bold red
	finding.High:     "31",   // red
	finding.Medium:   "33",   // yellow
	finding.Low:      "36",   // cyan
	finding.Info:     "2",    // faint
}

// Paint returns text in the given code, where there are colours.
func (l Look) Paint(code, text string) string {
	if !l.Color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Severity returns text in the colour of a severity.
func (l Look) Severity(severity finding.Severity, text string) string {
	return l.Paint(severityCodes[severity], text)
}

// Clean returns text without what could play tricks on a terminal: manifests
// may come from strangers.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar:
			return '?'
		}
		return r
	}, text)
}

// widths measures text the same way whatever the locale.
var widths = runewidth.Condition{}

// Width returns how many columns text takes.
func Width(text string) int { return widths.StringWidth(text) }

// Pad fills text up with spaces.
func Pad(text string, columns int) string {
	return text + strings.Repeat(" ", max(0, columns-Width(text)))
}

// Cut shortens text that is too wide.
func Cut(text string, columns int) string {
	return widths.Truncate(text, max(columns, 1), "…")
}

// Wrap breaks text into lines of at most so many columns, between words, or
// within words that are wider than a line.
func Wrap(text string, columns int) []string {
	columns = max(columns, 8)
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && Width(line)+1+Width(word) <= columns {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for Width(word) > columns {
			head := widths.Truncate(word, columns, "")
			lines, word = append(lines, head), word[len(head):]
		}
		line = word
	}
	return append(lines, line)
}

// Indented returns lines, each behind a margin and with its end.
func Indented(margin string, lines []string) string {
	return margin + strings.Join(lines, "\n"+margin) + "\n"
}

// Count returns a number with its noun, in the plural unless it is one.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Either lists words: a, b or c.
func Either(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
