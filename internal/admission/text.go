package admission

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kubereeve/reeve/internal/finding"
)

const (
	// ellipsis ends a text that was cut.
	ellipsis = "..."
	// exceptionRunes is what a line shows of an exception's name at most; names may
	// have 253 characters.
	exceptionRunes = 63
)

// cut returns at most limit runes of a text and marks where it was cut.
func cut(text string, limit int) string {
	if len(text) <= limit || utf8.RuneCountInString(text) <= limit {
		return text
	}
	keep, runes := 0, 0
	for i := range text {
		if runes == limit-len(ellipsis) {
			keep = i
			break
		}
		runes++
	}
	return text[:keep] + ellipsis
}

// cutLine returns a finding's line in at most limit runes. The rule's id, which
// ends it, is kept where there is room for it: with the id the rest can be looked
// up. So is why what would be refused passes.
func cutLine(f *finding.Finding, limit int) string {
	if len(f.ExpiredException) > exceptionRunes {
		short := *f
		short.ExpiredException = cut(f.ExpiredException, exceptionRunes)
		f = &short
	}
	tail := f.Tail()
	if f.Existing {
		tail = " (already there before this update)" + tail
	}
	if room := limit - utf8.RuneCountInString(tail); room > len(ellipsis) {
		return cut(clean(f.Message), room) + clean(tail)
	}
	return cut(clean(f.Line()), limit)
}

// clean replaces what would break a line or an HTTP header: control characters
// and invalid UTF-8.
func clean(text string) string {
	if isPlain(text) || strings.IndexFunc(text, breaks) < 0 {
		return text
	}
	return strings.Map(func(r rune) rune {
		if breaks(r) {
			return ' '
		}
		return r
	}, text)
}

// isPlain tells whether a text is printable ASCII, as nearly all are.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

func breaks(r rune) bool {
	return r == utf8.RuneError || unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
}
