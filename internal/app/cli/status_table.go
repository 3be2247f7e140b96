package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/app/status"
)

// status writes a report for people.
func (l look) status(w io.Writer, report *statusReport) error {
	var out strings.Builder
	if len(report.Replicas) > 0 {
		rows := [][]string{{"WEBHOOK", "READY", "RULES", "REVISION", "CONFIGURATION", "CERTIFICATE", "SELF-CHECK", "UNJUDGED", "EXCEPTIONS"}} //nolint:prealloc // a handful
		for i := range report.Replicas {
			rows = append(rows, replicaRow(&report.Replicas[i]))
		}
		l.columns(&out, rows)
	}
	if len(report.Scanners) > 0 {
		rows := [][]string{{"SCANNER", "RULES", "REVISION", "LAST SCAN"}} //nolint:prealloc // a handful
		for i := range report.Scanners {
			rows = append(rows, scannerRow(&report.Scanners[i], time.Now()))
		}
		l.columns(&out, rows)
	}
	l.paragraph(&out, terminal.Faint, "Good to know:", report.Notes)
	l.paragraph(&out, "33", "Not known:", report.Unknown)
	l.paragraph(&out, "1;31", "Wrong:", report.Problems)
	if report.Healthy {
		out.WriteString(l.Paint("32", "All is well.") + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// replicaRow returns the cells of a replica's line.
func replicaRow(replica *replicaStatus) []string {
	if replica.State == nil {
		why := "no answer"
		if replica.Pod != "" {
			why = replica.Pod
		}
		return []string{replica.Name, why, "-", "-", "-", "-", "-", "-", "-"}
	}
	state := replica.State
	ready := "yes"
	if state.NotReady != "" {
		ready = "no"
	}
	return []string{replica.Name, ready, strconv.Itoa(state.Rules.Count), state.Rules.Revision, orNone(state.Configuration.Revision),
		certificateCell(state), selfCheckCell(state), unjudgedCell(state), exceptionsCell(state)}
}

func certificateCell(state *status.State) string {
	switch to := state.Certificate.NotAfter; {
	case to.IsZero():
		return "none"
	case !to.After(state.Time):
		return "expired"
	default:
		return ago(to, state.Time) + " left"
	}
}

func selfCheckCell(state *status.State) string {
	switch check := state.SelfCheck; {
	case check.Failures > 0:
		return fmt.Sprintf("failed %d×", check.Failures)
	case check.LastSuccess.IsZero():
		return "none yet"
	default:
		return "passed " + ago(state.Time, check.LastSuccess) + " ago"
	}
}

func unjudgedCell(state *status.State) string {
	total := int64(0)
	for _, count := range state.FailOpen {
		total += count.Total
	}
	return strconv.FormatInt(total, 10)
}

func exceptionsCell(state *status.State) string {
	if state.Exceptions == nil {
		return "-"
	}
	return strconv.Itoa(state.Exceptions.Count)
}

// scannerRow returns the cells of a scanner's line.
func scannerRow(scanner *scannerStatus, now time.Time) []string {
	switch {
	case scanner.Pod != "":
		return []string{scanner.Name, "-", "-", scanner.Pod}
	case scanner.Error != "":
		return []string{scanner.Name, "-", "-", "no answer"}
	}
	last := "none, or waiting to lead"
	if !scanner.LastEnd.IsZero() {
		last = ago(now, scanner.LastEnd) + " ago"
	}
	return []string{scanner.Name, strconv.Itoa(scanner.Rules), orNone(scanner.Revision), last}
}

// columns writes rows under their heading, and an empty line.
func (l look) columns(out *strings.Builder, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i := range row {
			row[i] = terminal.Clean(row[i])
			widths[i] = max(widths[i], terminal.Width(row[i]))
		}
	}
	for n, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(terminal.Pad(cell, widths[i]+2))
		}
		text := strings.TrimRight(line.String(), " ")
		if n == 0 {
			text = l.Paint(terminal.Bold, text)
		}
		out.WriteString(text + "\n")
	}
	out.WriteString("\n")
}

// paragraph writes lines under a heading, if there are any, and an empty line.
func (l look) paragraph(out *strings.Builder, code, heading string, lines []string) {
	if len(lines) == 0 {
		return
	}
	out.WriteString(l.Paint(code, heading) + "\n")
	for _, line := range lines {
		wrapped := terminal.Wrap(line, l.Width-2)
		out.WriteString("- " + strings.Join(wrapped, "\n  ") + "\n")
	}
	out.WriteString("\n")
}
