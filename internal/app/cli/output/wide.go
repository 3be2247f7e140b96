package output

import (
	"io"
	"strings"

	"github.com/kubereeve/reeve/internal/app/cli/terminal"
)

// writeWide writes one line per finding with everything in columns of their
// own. Nothing is cut: lines are as long as they must be.
func writeWide(w io.Writer, r *Report, options Options) error {
	header := []string{"SEVERITY", "RULE", "NAMESPACE", "KIND", "NAME", "CONTAINER", "PATH", "MESSAGE"}
	rows := make([][]string, 0, len(r.Findings))
	for _, f := range r.Findings {
		rows = append(rows, []string{
			f.Severity.String(), f.Rule, f.Resource.Namespace, f.Resource.Kind, f.Resource.Name, f.Container, f.Path, f.Message,
		})
	}
	var out strings.Builder
	if len(rows) > 0 {
		grid(&out, options.Look, header, rows, func(row int, line string) string {
			severity := len(rows[row][0])
			return options.Look.Severity(r.Findings[row].Severity, line[:severity]) + line[severity:]
		})
		out.WriteString("\n")
	}
	out.WriteString(options.Look.Paint(terminal.Bold, r.Sum()) + "\n")
	_, err := io.WriteString(w, out.String())
	return err
}

// grid writes rows below a header, in columns as wide as their widest field.
// Empty fields are written as a dash, so that each line has as many words as
// there are columns before the last. Paint, which may be nil, colours a line.
func grid(out *strings.Builder, look terminal.Look, header []string, rows [][]string, paint func(row int, line string) string) {
	widths := make([]int, len(header))
	for i, title := range header {
		widths[i] = len(title)
	}
	for _, row := range rows {
		for i, field := range row {
			if row[i] = terminal.Clean(field); row[i] == "" {
				row[i] = "-"
			}
			widths[i] = max(widths[i], terminal.Width(row[i]))
		}
	}
	line := func(fields []string) string {
		var text strings.Builder
		for i, field := range fields {
			if i == len(fields)-1 {
				text.WriteString(field)
				break
			}
			text.WriteString(terminal.Pad(field, widths[i]) + "  ")
		}
		return strings.TrimRight(text.String(), " ")
	}
	out.WriteString(look.Paint(terminal.Faint, line(header)) + "\n")
	for i, row := range rows {
		text := line(row)
		if paint != nil {
			text = paint(i, text)
		}
		out.WriteString(text + "\n")
	}
}
