package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
)

func isWorkload(kind schema.GroupKind) bool {
	_, is := resource.TemplatePath(kind)
	return is
}

// look is how the commands on rules appear.
type look struct{ terminal.Look }

// jsonRule is a rule in JSON output.
type jsonRule struct {
	ID          string                    `json:"id"`
	Title       string                    `json:"title"`
	Description string                    `json:"description"`
	Category    string                    `json:"category"`
	Severity    finding.Severity          `json:"severity"`
	Mode        finding.Mode              `json:"mode"`
	Doors       []finding.Door            `json:"doors"`
	Kinds       []string                  `json:"kinds"`
	Remediation string                    `json:"remediation"`
	Controls    map[string][]string       `json:"controls"`
	Aliases     []string                  `json:"aliases"`
	Parameters  map[string]rule.Parameter `json:"parameters"`
	Inventory   []jsonNeed                `json:"inventory"`
	Dialect     string                    `json:"dialect"`
	Builtin     bool                      `json:"builtin"`
	File        string                    `json:"file"`
}

type jsonNeed struct {
	Kind   string `json:"kind"`
	Sample bool   `json:"sample"`
}

func newJSONRule(r *rule.Rule, policy *review.Policy) jsonRule {
	out := jsonRule{
		ID: r.ID, Title: r.Title, Description: r.Description, Category: r.Category, Severity: r.Severity,
		Mode: policy.Resolve(r, r.Mode, nil).Mode, Doors: r.Doors, Kinds: []string{}, Remediation: r.Remediation,
		Controls: map[string][]string{}, Aliases: append([]string{}, r.Aliases...), Parameters: map[string]rule.Parameter{},
		Inventory: []jsonNeed{}, Dialect: r.Dialect.Name(), Builtin: r.Builtin, File: r.File,
	}
	maps.Copy(out.Controls, r.Controls)
	maps.Copy(out.Parameters, r.Parameters)
	for _, kind := range r.Kinds {
		out.Kinds = append(out.Kinds, kind.String())
	}
	for _, need := range r.Inventory {
		out.Inventory = append(out.Inventory, jsonNeed{need.Kind.String(), need.Sample})
	}
	return out
}

// show writes everything about a rule for people.
func (l look) show(w io.Writer, r *rule.Rule, policy *review.Policy) error {
	var out strings.Builder
	out.WriteString(l.Paint(terminal.Bold, r.ID) + "\n")
	for _, text := range []string{r.Title, r.Description} {
		if text != "" {
			out.WriteString(terminal.Indented("", terminal.Wrap(terminal.Clean(text), l.Width)) + "\n")
		}
	}
	l.facts(&out, r, policy)
	l.parameters(&out, r)
	if r.Remediation != "" {
		out.WriteString("\n" + l.Paint(terminal.Bold, "How to fix it") + "\n")
		l.remediation(&out, r.Remediation)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// facts writes the short fields.
func (l look) facts(out *strings.Builder, r *rule.Rule, policy *review.Policy) {
	margin := 12
	for framework := range r.Controls {
		margin = max(margin, len(framework)+2) // those of Kubescape have long names
	}
	fact := func(name, value string) {
		if value == "" {
			return
		}
		for i, line := range terminal.Wrap(value, max(l.Width-margin, 20)) {
			if i > 0 {
				name = ""
			}
			out.WriteString(l.Paint(terminal.Faint, terminal.Pad(name, margin)) + line + "\n")
		}
	}
	severity := r.Severity.String()
	out.WriteString(l.Paint(terminal.Faint, terminal.Pad("severity", margin)) + l.Severity(r.Severity, severity) + "\n")
	fact("mode", policy.Resolve(r, r.Mode, nil).Mode.String())
	fact("category", r.Category)
	fact("kinds", strings.Join(kindsOf(r, schema.GroupKind.String), ", "))
	doors := make([]string, len(r.Doors))
	for i, door := range r.Doors {
		doors[i] = string(door)
	}
	fact("judged at", strings.Join(doors, ", "))
	var needs []string
	for _, need := range r.Inventory {
		if name := need.Kind.String(); !isWorkload(need.Kind) {
			needs = append(needs, name)
		} else if !slices.Contains(needs, "workload") {
			needs = append(needs, "workload")
		}
	}
	fact("looks at", strings.Join(needs, ", "))
	for _, framework := range slices.Sorted(maps.Keys(r.Controls)) {
		fact(framework, terminal.Clean(strings.Join(r.Controls[framework], ", ")))
	}
	fact("known as", terminal.Clean(strings.Join(r.Aliases, ", ")))
	fact("file", r.File)
}

func (l look) parameters(out *strings.Builder, r *rule.Rule) {
	if len(r.Parameters) == 0 {
		return
	}
	out.WriteString("\n" + l.Paint(terminal.Bold, "Parameters") + "\n")
	for _, name := range slices.Sorted(maps.Keys(r.Parameters)) {
		parameter := r.Parameters[name]
		kind := parameter.Type
		if parameter.Items != "" {
			kind += " of " + parameter.Items
		}
		fmt.Fprintf(out, "  %s  %s\n", terminal.Clean(name), l.Paint(terminal.Faint, kind))
		if parameter.Description != "" {
			out.WriteString(terminal.Indented("    ", terminal.Wrap(terminal.Clean(parameter.Description), l.Width-4)))
		}
		value, err := json.Marshal(parameter.Default)
		if err != nil {
			value = []byte(err.Error())
		}
		// Spaces let a long list wrap.
		text := "default: " + strings.ReplaceAll(string(value), `","`, `", "`)
		out.WriteString(terminal.Indented("    ", terminal.Wrap(terminal.Clean(text), l.Width-4)))
	}
}

// remediation writes prose to fit, and what stands in fences as it is.
func (l look) remediation(out *strings.Builder, text string) {
	var prose []string
	flush := func() {
		if len(prose) > 0 {
			out.WriteString(terminal.Indented("", terminal.Wrap(terminal.Clean(strings.Join(prose, " ")), l.Width)))
		}
		prose = nil
	}
	fenced := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			flush()
			out.WriteString("\n")
			fenced = !fenced
		case fenced:
			out.WriteString("    " + terminal.Clean(line) + "\n")
		case strings.TrimSpace(line) == "":
			flush()
		default:
			prose = append(prose, line)
		}
	}
	flush()
}
