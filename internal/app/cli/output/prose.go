package output

import "strings"

// block is a paragraph, or a piece of code that stands in fences.
type block struct {
	Text string
	Code bool
}

// blocks cuts the Markdown of a remediation into paragraphs and code.
func blocks(text string) []block {
	var found []block
	var lines []string
	fenced := false
	flush := func() {
		separator := " "
		if fenced {
			separator = "\n"
		}
		if len(lines) > 0 {
			found = append(found, block{strings.Join(lines, separator), fenced})
		}
		lines = nil
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "```"):
			flush()
			fenced = !fenced
		case !fenced && strings.TrimSpace(line) == "":
			flush()
		default:
			lines = append(lines, line)
		}
	}
	flush()
	return found
}
