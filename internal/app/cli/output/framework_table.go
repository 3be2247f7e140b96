package output

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/kubereeve/reeve/internal/app/cli/terminal"
)

// statusCodes are the colours of the statuses.
func statusCode(status Status) string {
	switch status {
	case Passed:
		return "32" // green
	case Failed:
		return "31" // red
	}
	return "33" // yellow
}

// writeFrameworkTable writes a report by framework for people: all controls,
// and then what was found against each.
func writeFrameworkTable(w io.Writer, r *Report, options Options) error {
	l, framework := table{options.Look}, options.Framework
	var out strings.Builder
	rows := make([][]string, len(framework.Controls))
	for i, control := range framework.Controls {
		about := control.ruleIDs()
		if control.Reason != "" {
			about = control.Reason + ": " + about
		}
		rows[i] = []string{string(control.Status), control.ID, strconv.Itoa(len(control.Findings)), about}
	}
	l.controls(&out, rows, framework)
	for _, control := range framework.Controls {
		if len(control.Findings) == 0 {
			continue
		}
		out.WriteString("\n" + l.Paint("1;31", terminal.Cut(terminal.Clean(control.ID), l.Width)) + "\n")
		for _, group := range groupByRule(control.Findings) {
			l.rule(&out, group)
		}
	}
	out.WriteString("\n")
	for _, line := range terminal.Wrap(framework.Sum(), l.Width) {
		out.WriteString(l.Paint(terminal.Bold, line) + "\n")
	}
	for _, line := range terminal.Wrap("score = "+ScoreFormula, l.Width) {
		out.WriteString(l.Paint(terminal.Faint, line) + "\n")
	}
	for _, line := range terminal.Wrap(r.Sum(), l.Width) {
		out.WriteString(l.Paint(terminal.Faint, line) + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// controls writes a line per control; the rules below it where they do not fit.
func (l table) controls(out *strings.Builder, rows [][]string, framework *Framework) {
	const status, findings = 12, 8
	control := len("CONTROL")
	for _, row := range rows {
		row[1], row[3] = terminal.Clean(row[1]), terminal.Clean(row[3])
		control = max(control, terminal.Width(row[1]))
	}
	control = min(control, max(l.Width/2, minControl))
	before := func(row []string) string {
		return fmt.Sprintf("%s  %s  %*s  ", terminal.Pad(row[0], status), terminal.Pad(terminal.Cut(row[1], control), control), findings, row[2])
	}
	header := []string{"STATUS", "CONTROL", "FINDINGS", "RULES"}
	out.WriteString(l.Paint(terminal.Faint, terminal.Cut(before(header)+header[3], l.Width)) + "\n")
	margin := status + 2 + control + 2 + findings + 2
	beside := l.Width-margin >= minControl
	if !beside {
		margin = 2
	}
	for i, row := range rows {
		text, about := before(row), terminal.Wrap(row[3], l.Width-margin)
		if beside {
			text, about = text+about[0], about[1:]
		}
		text = strings.TrimRight(terminal.Cut(text, l.Width), " ")
		out.WriteString(l.Paint(statusCode(framework.Controls[i].Status), text[:len(row[0])]) + text[len(row[0]):] + "\n")
		if len(about) > 0 {
			out.WriteString(terminal.Indented(strings.Repeat(" ", margin), about))
		}
	}
}

// minControl is the least width of a column that names controls or rules.
const minControl = 16
