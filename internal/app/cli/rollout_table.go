package cli

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
)

// maxAdmissions is how many recent admissions are shown; JSON has all of them.
const maxAdmissions = 20

// preview writes a preview for people.
func (l look) preview(w io.Writer, p *preview) error {
	var out strings.Builder
	rules := strings.Join(p.Rules, ", ")
	if len(p.Rules) > 3 {
		rules = terminal.Count(len(p.Rules), "rule")
	}
	outcome := "refused"
	if p.To == finding.Warn {
		outcome = "warned of"
	}
	out.WriteString(l.Paint(terminal.Bold, fmt.Sprintf("With %s in mode %s, %s of %d in %s would be %s if created today",
		rules, p.To, terminal.Count(p.refused(), "object"), p.Resources, terminal.Clean(p.Subject), outcome)) + "\n")
	namespace := "\x00"
	for _, owner := range p.Owners {
		if owner.Namespace != namespace {
			namespace = owner.Namespace
			fmt.Fprintf(&out, "\n%s\n", l.Paint(terminal.Bold, terminal.Clean(cmp.Or(namespace, "without a namespace"))))
		}
		l.owner(&out, owner)
	}
	if len(p.Hidden) > 0 {
		out.WriteString("\n" + l.Paint(terminal.Bold, "Hidden by exceptions") + "\n")
	}
	for _, hidden := range p.Hidden {
		fmt.Fprintf(&out, "  %s/%s: %s on %s\n", terminal.Clean(hidden.Namespace), terminal.Clean(hidden.Name), terminal.Count(hidden.Findings, "finding"), terminal.Count(hidden.Objects, "object"))
	}
	if p.Recent != nil {
		l.recent(&out, p.Recent, outcome)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// owner writes what would be refused below one owner. Objects that are alike, as
// replicas are, share their lines.
func (l look) owner(out *strings.Builder, owner previewOwner) {
	fmt.Fprintf(out, "  %s %s", owner.Kind, terminal.Clean(owner.Name))
	if first := owner.Objects[0]; len(owner.Objects) > 1 || first.Name != owner.Name || first.Kind != owner.Kind {
		fmt.Fprintf(out, l.Paint(terminal.Faint, " (%s)"), terminal.Count(len(owner.Objects), "object"))
	}
	out.WriteString("\n")
	told := make(map[string]bool)
	for _, object := range owner.Objects {
		for _, f := range object.Findings {
			line := f.Message + " (" + f.Rule + ")"
			if told[line] {
				continue
			}
			told[line] = true
			out.WriteString(terminal.Indented("    ", terminal.Wrap(terminal.Clean(line), l.Width-4)))
		}
	}
}

// recent writes which recent admissions would have been refused.
func (l look) recent(out *strings.Builder, p *previewRecent, outcome string) {
	since := "since the webhook's start"
	if !p.Since.IsZero() {
		since = "since " + p.Since.UTC().Format(time.RFC3339)
	}
	fmt.Fprintf(out, "\n%s\n", l.Paint(terminal.Bold, fmt.Sprintf("Of %s with findings remembered %s, %d would have been %s",
		terminal.Count(p.Remembered, "admission"), since, len(p.Admissions), outcome)))
	for i, a := range p.Admissions {
		if i == maxAdmissions {
			fmt.Fprintf(out, "  and %d more; -o json has all of them\n", len(p.Admissions)-i)
			break
		}
		name := a.Name
		if a.Namespace != "" {
			name = a.Namespace + "/" + name
		}
		line := fmt.Sprintf("%s %s %s %s by %s, was %s", a.Time.UTC().Format(time.RFC3339), a.Operation, a.Kind, name, cmp.Or(a.User, "nobody known"), a.Mode)
		if a.Operation == resource.Update && a.Mode < finding.Deny {
			line += "; would pass if the object violated the rule before, which nobody asked then"
		}
		out.WriteString(terminal.Indented("  ", terminal.Wrap(terminal.Clean(line), l.Width-2)))
		for _, f := range a.Findings {
			out.WriteString(terminal.Indented("    ", terminal.Wrap(terminal.Clean(f.Message+" ("+f.Rule+")"), l.Width-4)))
		}
	}
	if p.Existing > 0 {
		fmt.Fprintf(out, "  %s would pass: the object violated the rule before\n", terminal.Count(p.Existing, "update"))
	}
	if p.Hidden > 0 {
		fmt.Fprintf(out, "  %s would pass because of exceptions\n", terminal.Count(p.Hidden, "admission"))
	}
}
