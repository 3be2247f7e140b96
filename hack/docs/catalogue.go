package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// notice stands first in both documents.
const notice = "<!-- Made by hack/update-docs.sh from policies/. Change the METADATA or the fixtures there, not this file. -->\n\n"

// catalogue returns rules.md.
func catalogue(categories []*category) string {
	var out strings.Builder
	out.WriteString(notice)
	out.WriteString("# Rules\n\n")
	rules := all(categories)
	fmt.Fprintf(&out, "%d rules come with Reeve. What they find at admission is a warning until you decide otherwise (`--mode`, `--mode-for`). "+
		"[remediation.md](remediation.md) tells for each why it matters and how to fix what it finds, and [rules-guide.md](rules-guide.md) how to write your own. "+
		"`workload` stands for every kind with a pod template.\n\n", len(rules))
	out.WriteString("| category | rules |" + severityHeads() + "\n|---|--:|" + strings.Repeat("--:|", len(finding.Severities())) + "\n")
	for _, category := range categories {
		fmt.Fprintf(&out, "| [%s](#%s) | %d |%s\n", category.name, category.name, len(category.rules), severityCounts(category))
	}
	for _, category := range categories {
		fmt.Fprintf(&out, "\n## %s\n\n", category.name)
		out.WriteString("| rule | severity | judges | finds | known elsewhere as | controls |\n|---|---|---|---|---|---|\n")
		for _, subject := range category.rules {
			r := subject.Rule
			fmt.Fprintf(&out, "| [%s](remediation.md#%s) | %s | %s | %s | %s | %s |\n", r.ID, r.ID, r.Severity,
				cell(judges(r)), cell(r.Title), cell(strings.Join(r.Aliases, ", ")), controls(r))
		}
		parameters(&out, category)
	}
	return out.String()
}

func severityHeads() string {
	var heads strings.Builder
	for _, severity := range finding.Severities() {
		heads.WriteString(" " + severity.String() + " |")
	}
	return heads.String()
}

func severityCounts(category *category) string {
	counts := make(map[finding.Severity]int)
	for _, subject := range category.rules {
		counts[subject.Rule.Severity]++
	}
	var cells strings.Builder
	for _, severity := range finding.Severities() {
		fmt.Fprintf(&cells, " %d |", counts[severity])
	}
	return cells.String()
}

// judges says which kinds a rule judges, and where when not everywhere.
func judges(r *rule.Rule) string {
	var names []string
	if r.Template {
		names = append(names, "workload")
	}
	for _, kind := range r.Kinds {
		if _, isWorkload := resource.TemplatePath(kind); !r.Template || !isWorkload {
			names = append(names, kind.Kind)
		}
	}
	text := strings.Join(names, ", ")
	switch {
	case !r.At(finding.DoorAdmission):
		return text + " (in scans)"
	case !r.At(finding.DoorScan):
		return text + " (at admission)"
	}
	return text
}

// controls lists the controls of frameworks, a framework in a line.
func controls(r *rule.Rule) string {
	lines := make([]string, 0, len(r.Controls))
	for _, framework := range slices.Sorted(maps.Keys(r.Controls)) {
		lines = append(lines, framework+": "+cell(strings.Join(r.Controls[framework], "; ")))
	}
	return strings.Join(lines, "<br>")
}

// parameters writes the table of a category's parameters, if it has any.
func parameters(out *strings.Builder, category *category) {
	head := fmt.Sprintf("\n### Parameters of %s\n\n| rule | parameter | type | default | meaning |\n|---|---|---|---|---|\n", category.name)
	for _, subject := range category.rules {
		r := subject.Rule
		for _, name := range slices.Sorted(maps.Keys(r.Parameters)) {
			p := r.Parameters[name]
			kind := p.Type
			if p.Items != "" {
				kind += " of " + p.Items
			}
			meaning := strings.TrimSpace(p.Description)
			if p.OffWhileEmpty {
				meaning += " The rule is off while this is empty."
			}
			fmt.Fprintf(out, "%s| %s | %s | %s | %s | %s |\n", head, r.ID, code(name), kind, strings.ReplaceAll(code(value(p.Default)), "|", `\|`), cell(meaning))
			head = ""
		}
	}
}

// value writes a parameter's default as JSON.
func value(value any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Sprint(value) // metadata holds JSON values only
	}
	return strings.ReplaceAll(strings.TrimSpace(text.String()), `","`, `", "`)
}

// cell writes text that may stand in a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ").Replace(text)
}

// code writes text as code. Metadata has no backquotes in values.
func code(text string) string { return "`" + text + "`" }
