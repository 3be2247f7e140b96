package output

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
)

// table is how text for people appears.
type table struct{ terminal.Look }

// writeTable writes a report for people: first how much there is of each rule,
// then the findings rule by rule, and last the sum.
func writeTable(w io.Writer, r *Report, options Options) error {
	l := table{options.Look}
	var out strings.Builder
	groups := groupByRule(r.Findings)
	if len(groups) > 0 {
		l.counts(&out, groups, r.Rules)
		for _, group := range groups {
			l.rule(&out, group)
		}
	}
	if len(groups) > 0 {
		out.WriteString("\n")
	}
	for _, line := range terminal.Wrap(r.Sum(), l.Width) {
		out.WriteString(l.Paint(terminal.Bold, line) + "\n")
	}
	if len(groups) > 0 {
		for _, line := range terminal.Wrap(r.Program+" rules show RULE tells how to fix a finding", l.Width) {
			out.WriteString(l.Paint(terminal.Faint, line) + "\n")
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// counts writes one line per rule.
func (l table) counts(out *strings.Builder, groups [][]finding.Finding, set *rule.Set) {
	idWidth := len("RULE")
	for _, group := range groups {
		idWidth = max(idWidth, terminal.Width(group[0].Rule))
	}
	idWidth = min(idWidth, l.Width-20)
	row := func(severity, number, id, title string) string {
		return terminal.Cut(fmt.Sprintf("%s  %8s  %s  %s", terminal.Pad(severity, 8), number, terminal.Pad(terminal.Cut(id, idWidth), idWidth), title), l.Width)
	}
	out.WriteString(l.Paint(terminal.Faint, strings.TrimRight(row("SEVERITY", "FINDINGS", "RULE", "TITLE"), " ")) + "\n")
	for _, group := range groups {
		first := group[0]
		title := ""
		if r := set.Rule(first.Rule); r != nil {
			title = terminal.Clean(r.Title)
		}
		text := row(first.Severity.String(), strconv.Itoa(len(group)), first.Rule, title)
		severity := len(first.Severity.String())
		out.WriteString(l.Severity(first.Severity, text[:severity]) + strings.TrimRight(text[severity:], " ") + "\n")
	}
}

// rule writes the findings of one rule. Findings with the same message stand
// below it.
func (l table) rule(out *strings.Builder, findings []finding.Finding) {
	first := findings[0]
	heading := fmt.Sprintf("  %s, mode %s", terminal.Count(len(findings), "finding"), strings.Join(modesOf(findings), " and "))
	id := terminal.Cut(first.Rule, l.Width-10)
	heading = terminal.Cut(heading, l.Width-len(first.Severity.String())-2-terminal.Width(id))
	fmt.Fprintf(out, "\n%s  %s%s\n", l.Severity(first.Severity, first.Severity.String()), l.Paint(terminal.Bold, id), l.Paint(terminal.Faint, heading))
	rows := make([]row, len(findings))
	for i, f := range findings {
		rows[i] = newRow(f)
	}
	columns := l.columns(rows)
	for _, message := range messagesOf(rows) {
		out.WriteString(terminal.Indented("  ", terminal.Wrap(message, l.Width-2)))
		for _, row := range rows {
			if row.message == message {
				out.WriteString(l.row(row, columns))
			}
		}
	}
}

// row is one finding in the table.
type row struct {
	message  string // without the container's name
	resource string
	where    string // the container, or else the field
	location string
}

func newRow(f finding.Finding) row {
	r := row{message: terminal.Clean(f.Message), resource: terminal.Clean(f.Resource.String()), where: terminal.Clean(f.Path)}
	if f.Container != "" {
		name := "container " + strconv.Quote(f.Container)
		r.where = terminal.Clean(name)
		// The message begins with it, and with what sort of container it is.
		if before, after, ok := strings.Cut(f.Message, name+": "); ok && len(before) <= len("ephemeral ") {
			r.where, r.message = terminal.Clean(before+name), terminal.Clean(after)
		}
	}
	if f.Source != nil {
		r.location = terminal.Clean(Location(f.Source.File, f.Source.Line))
	}
	return r
}

// messagesOf returns the messages of rows, each once, in the order of the rows.
func messagesOf(rows []row) []string {
	var messages []string
	seen := make(map[string]bool)
	for _, row := range rows {
		if !seen[row.message] {
			seen[row.message] = true
			messages = append(messages, row.message)
		}
	}
	return messages
}

const rowMargin = "    "

// rowColumns are the widths of the first two columns of a rule's findings.
type rowColumns struct{ resource, where int }

// columns returns the widths that line up all rows that fit on a line; zero
// when that takes more than the width there is.
func (l table) columns(rows []row) rowColumns {
	var c rowColumns
	location := 0
	for _, row := range rows {
		if l.fits(row, rowColumns{}) {
			c.resource = max(c.resource, terminal.Width(row.resource))
			c.where = max(c.where, terminal.Width(row.where))
			location = max(location, terminal.Width(row.location))
		}
	}
	if !l.fits(row{location: strings.Repeat("x", location)}, c) {
		return rowColumns{}
	}
	return c
}

// fits tells whether a row fits on a line with columns of these widths.
func (l table) fits(r row, c rowColumns) bool {
	return len(rowMargin)+max(c.resource, terminal.Width(r.resource))+2+max(c.where, terminal.Width(r.where))+2+terminal.Width(r.location) <= l.Width
}

// row writes one finding: on a line where it fits, and else below each other.
func (l table) row(r row, c rowColumns) string {
	if !l.fits(r, c) {
		return l.stacked(r)
	}
	line := terminal.Pad(r.resource, c.resource)
	if c.where > 0 || r.where != "" {
		line += "  " + terminal.Pad(r.where, c.where)
	}
	if r.location == "" {
		return rowMargin + strings.TrimRight(line, " ") + "\n"
	}
	return rowMargin + line + "  " + l.Paint(terminal.Faint, r.location) + "\n"
}

// stacked writes a finding on several lines.
func (l table) stacked(r row) string {
	below := rowMargin + "  "
	columns := l.Width - len(rowMargin)
	var text string
	if both := r.resource + "  " + r.where; terminal.Width(both) <= columns {
		text = rowMargin + strings.TrimRight(both, " ") + "\n"
	} else {
		text = terminal.Indented(rowMargin, terminal.Wrap(r.resource, columns))
		text += terminal.Indented(below, terminal.Wrap(r.where, columns-2))
	}
	if r.location != "" {
		for _, line := range terminal.Wrap(r.location, columns-2) {
			text += below + l.Paint(terminal.Faint, line) + "\n"
		}
	}
	return text
}

// modesOf returns the modes of findings, strictest first.
func modesOf(findings []finding.Finding) []string {
	var names []string
	for _, mode := range []finding.Mode{finding.Deny, finding.Warn, finding.Audit} {
		if slices.ContainsFunc(findings, func(f finding.Finding) bool { return f.Mode == mode }) {
			names = append(names, mode.String())
		}
	}
	return names
}

// Sum returns the last line: how much was found where.
func (r *Report) Sum() string {
	rules := terminal.Count(len(r.Rules.Rules()), "rule")
	if len(r.Findings) == 0 {
		return fmt.Sprintf("no findings in %s (%s)", terminal.Count(r.Resources, "resource"), rules)
	}
	counts := r.bySeverity()
	var parts []string
	for _, severity := range finding.Severities() {
		if counts[severity] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[severity], severity))
		}
	}
	return fmt.Sprintf("%s (%s) in %d of %s; %s", terminal.Count(len(r.Findings), "finding"), strings.Join(parts, ", "),
		r.Violating, terminal.Count(r.Resources, "resource"), rules)
}
