package output

import (
	"fmt"
	"io"
	"strings"

	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/finding"
)

// writeMarkdown writes a report fit for the comment on a pull request: the
// numbers first, and the findings of each rule folded away below them.
func writeMarkdown(w io.Writer, r *Report, _ Options) error {
	var out strings.Builder
	out.WriteString("## Reeve audit\n\n")
	fmt.Fprintf(&out, "**%s**\n", markdownText(r.Sum()))
	markdownBody(&out, r)
	_, err := io.WriteString(w, out.String())
	return err
}

// writeFrameworkMarkdown writes a report by framework.
func writeFrameworkMarkdown(w io.Writer, r *Report, options Options) error {
	framework := options.Framework
	var out strings.Builder
	fmt.Fprintf(&out, "## Reeve audit by %s\n\n", markdownText(framework.Name))
	fmt.Fprintf(&out, "**%s**\n\n", markdownText(framework.Sum()))
	fmt.Fprintf(&out, "Score: %s. %s.\n\n", markdownText(ScoreFormula), markdownText(r.Sum()))
	out.WriteString("| Status | Control | Findings | Rules |\n|---|---|--:|---|\n")
	for _, control := range framework.Controls {
		names := make([]string, len(control.Rules))
		for i, one := range control.Rules {
			if names[i] = markdownCode(one.ID); !one.Asked {
				names[i] += " (not asked)"
			}
		}
		status := string(control.Status)
		if control.Reason != "" {
			status += ": " + markdownText(control.Reason)
		}
		fmt.Fprintf(&out, "| %s | %s | %d | %s |\n", status, markdownText(control.ID), len(control.Findings), strings.Join(names, ", "))
	}
	markdownBody(&out, r)
	_, err := io.WriteString(w, out.String())
	return err
}

// markdownBody writes errors and findings.
func markdownBody(out *strings.Builder, r *Report) {
	if len(r.Failures) > 0 {
		fmt.Fprintf(out, "\n### %s: the result is not complete\n\n", terminal.Count(len(r.Failures), "error"))
		for _, failure := range r.Failures {
			fmt.Fprintf(out, "- %s\n", markdownText(failure.Text()))
		}
	}
	groups := groupByRule(r.Findings)
	if len(groups) == 0 {
		return
	}
	out.WriteString("\n| Severity | Findings | Rule | Title |\n|---|--:|---|---|\n")
	for _, group := range groups {
		title := ""
		if one := r.Rules.Rule(group[0].Rule); one != nil {
			title = one.Title
		}
		fmt.Fprintf(out, "| %s | %d | %s | %s |\n", group[0].Severity, len(group), markdownCode(group[0].Rule), markdownText(title))
	}
	for _, group := range groups {
		markdownGroup(out, r, group)
	}
}

// markdownGroup writes the findings of one rule, folded.
func markdownGroup(out *strings.Builder, r *Report, group []finding.Finding) {
	first := group[0]
	fmt.Fprintf(out, "\n<details>\n<summary>%s: <code>%s</code>, %s</summary>\n\n",
		first.Severity, htmlText(first.Rule), terminal.Count(len(group), "finding"))
	if one := r.Rules.Rule(first.Rule); one != nil && one.Description != "" {
		out.WriteString(markdownText(one.Description) + "\n\n")
	}
	out.WriteString("| Resource | Container | Field | Message | Place |\n|---|---|---|---|---|\n")
	for _, f := range group {
		place := ""
		if f.Source != nil {
			place = Location(f.Source.File, f.Source.Line)
		}
		fmt.Fprintf(out, "| %s | %s | %s | %s | %s |\n", markdownCode(f.Resource.String()), markdownCode(f.Container),
			markdownCode(f.Path), markdownText(f.Message), markdownCode(place))
	}
	if first.Remediation != "" {
		// Rules write it as Markdown.
		out.WriteString("\n**How to fix it**\n\n" + first.Remediation + "\n")
	}
	out.WriteString("\n</details>\n")
}

var htmlEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func htmlText(text string) string { return htmlEscaper.Replace(terminal.Clean(text)) }

// markdownEscaper takes from text what is markup in Markdown or HTML, and what
// GitHub and GitLab make links or mentions of although it is none: an empty
// comment within it stops them.
var markdownEscaper = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;",
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "{", `\{`, "}", `\}`, "[", `\[`, "]", `\]`, "|", "&#124;", "~", `\~`, "!", `\!`, "$", `\$`,
	"@", "@<!-- -->", "#", "#<!-- -->", "://", ":<!-- -->//", "www.", "www<!-- -->.", "WWW.", "WWW<!-- -->.",
)

// markdownText returns text that appears as it is, on one line.
func markdownText(text string) string {
	return markdownEscaper.Replace(strings.Join(strings.Fields(terminal.Clean(text)), " "))
}

// markdownCode returns text in the face of code, fit for the cell of a table;
// nothing for nothing. Backslashes and pipes mean something in a table even
// within code, so text with these becomes an element.
func markdownCode(text string) string {
	text = strings.TrimSpace(terminal.Clean(text))
	switch {
	case text == "":
		return ""
	case strings.ContainsAny(text, "`|\\"):
		return "<code>" + markdownText(text) + "</code>"
	}
	return "`" + text + "`"
}
