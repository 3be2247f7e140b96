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

// leakSection is a section of kube-leak-detector's report.
type leakSection struct {
	title string
	// aliases are the names in METADATA of the rules it shows.
	aliases []string
	// advice is not counted in the total.
	advice bool
	rows   []leakRow
}

type leakRow struct{ resource, container, image string }

// leakSections returns the sections in their order, without rows.
func leakSections() []*leakSection {
	return []*leakSection{
		{title: "Missing requests", aliases: []string{"missing_requests"}},
		{title: "Missing limits", aliases: []string{"missing_limits"}},
		{title: "CrashLoopBackOff", aliases: []string{"CrashLoopBackOff"}},
		{title: "Uses latest tag", aliases: []string{"latest_tag", "ImageTagMiss"}},
		{title: "Image not pinned", aliases: []string{"image_not_pinned_digest"}},
		{title: "runAsNonRoot missing", aliases: []string{"missing_run_as_non_root", "NotRunAsNonRoot"}},
		{title: "readOnlyRootFS off", aliases: []string{"read_only_root_fs_disabled", "NotReadOnlyRootFilesystem"}},
		{title: "Privilege escalation", aliases: []string{"allow_privilege_escalation"}},
		{title: "Caps not dropped", aliases: []string{"capabilities_not_dropped"}},
		{title: "Seccomp not default", aliases: []string{"seccomp_not_runtime_default"}},
		{title: "Missing liveness", aliases: []string{"missing_liveness_probe", "missing_liveness", "NoLivenessProbe"}},
		{title: "Missing readiness", aliases: []string{"missing_readiness_probe", "missing_readiness", "NoReadinessProbe"}},
		{title: "Missing startup", aliases: []string{"missing_startup_probe", "missing_startup"}},
		{title: "PDB missing", aliases: []string{"pdb_missing"}},
		{title: "NetworkPolicy missing", aliases: []string{"network_policy_missing"}},
		{title: "Secret env usage", aliases: []string{"secret_env_usage"}},
		{title: "Manual review", aliases: []string{"RBAC review", "scheduling safety", "networking posture", "disruption strategy"}, advice: true},
	}
}

// writeLeakDetector writes the summary and the sections of kube-leak-detector:
// one line per container, whatever number of rules blames it in a section.
func writeLeakDetector(w io.Writer, r *Report, options Options) error {
	look, sections := options.Look, leakSections()
	others := fill(sections, r)
	var out strings.Builder
	rule := look.Paint("36", strings.Repeat("=", 30))
	fmt.Fprintf(&out, "%s\n%s\n%s\n\n", rule, look.Paint("1;36", "Kube Leak Detector Report"), rule)
	fmt.Fprintf(&out, "%s\n%s\n", look.Paint(terminal.Bold, "Summary"), look.Paint(terminal.Bold, "-------"))
	total, advice := 0, 0
	for _, section := range sections {
		fmt.Fprintf(&out, "- %s %s\n", section.title+strings.Repeat(".", max(0, 20-len(section.title))), number(look, len(section.rows)))
		if section.advice {
			advice += len(section.rows)
		} else {
			total += len(section.rows)
		}
	}
	for _, section := range sections {
		section.write(&out, look)
	}
	fmt.Fprintf(&out, "\nTotal issues: %s\n", number(look, total))
	if advice > 0 {
		fmt.Fprintf(&out, "Advisories: %d (not counted)\n", advice)
	}
	if others > 0 {
		fmt.Fprintf(&out, "%s of rules without a section here; leave --view out to see them\n", terminal.Count(others, "finding"))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// fill gives each section its rows and returns how many findings have no
// section.
func fill(sections []*leakSection, r *Report) (others int) {
	type place struct {
		section int
		row     leakRow
	}
	seen := make(map[place]bool)
	for _, f := range r.Findings {
		home := slices.IndexFunc(sections, func(s *leakSection) bool { return s.shows(r.Rules.Rule(f.Rule)) })
		if home < 0 {
			others++
			continue
		}
		row := newLeakRow(f, r.Images)
		if !seen[place{home, row}] {
			sections[home].rows = append(sections[home].rows, row)
		}
		seen[place{home, row}] = true
	}
	return others
}

func (s *leakSection) shows(r *rule.Rule) bool {
	return r != nil && slices.ContainsFunc(s.aliases, func(alias string) bool { return slices.Contains(r.Aliases, alias) })
}

func newLeakRow(f finding.Finding, images map[Container]string) leakRow {
	namespace := f.Resource.Namespace
	if namespace == "" {
		namespace = "-"
		if f.Resource.Kind == "Namespace" {
			namespace = f.Resource.Name
		}
	}
	row := leakRow{resource: namespace + "/" + f.Resource.Kind + "/" + f.Resource.Name, container: f.Container}
	if f.Container != "" {
		row.image = images[Container{f.Resource, f.Container}]
	}
	return row
}

func (s *leakSection) write(out *strings.Builder, look terminal.Look) {
	color := "1;32"
	if len(s.rows) > 0 {
		color = "1;33"
	}
	fmt.Fprintf(out, "\n%s\n", look.Paint(color, fmt.Sprintf("[%s] (%d)", s.title, len(s.rows))))
	if len(s.rows) == 0 {
		out.WriteString("  " + look.Paint("32", "No issues found") + "\n")
		return
	}
	rows := make([][]string, len(s.rows))
	for i, row := range s.rows {
		rows[i] = []string{"  " + row.resource, row.container, row.image}
	}
	grid(out, look, []string{"  Namespace/Kind/Name", "Container", "Image"}, rows, nil)
}

func number(look terminal.Look, n int) string {
	if n > 0 {
		return look.Paint("31", strconv.Itoa(n))
	}
	return look.Paint("32", strconv.Itoa(n))
}
