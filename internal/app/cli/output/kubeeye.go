package output

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// KubeEye's levels, most dangerous first.
var kubeEyeLevels = []string{"danger", "warning", "ignore"}

func kubeEyeLevel(severity finding.Severity) string {
	switch severity {
	case finding.Critical, finding.High:
		return "danger"
	case finding.Medium:
		return "warning"
	}
	return "ignore"
}

// kubeEyeName is how KubeEye writes its messages, as in NoCPURequests. Names of
// capitals only are from elsewhere.
var kubeEyeName = regexp.MustCompile(`^[A-Z][A-Za-z]*[a-z][A-Za-z]*$`)

// kubeEyeMessage returns what KubeEye calls a finding of a rule: the first alias
// in its style, or the rule's id where KubeEye has no such rule.
func kubeEyeMessage(set *rule.Set, id string) string {
	if r := set.Rule(id); r != nil {
		for _, alias := range r.Aliases {
			if kubeEyeName.MatchString(alias) {
				return alias
			}
		}
	}
	return id
}

// writeKubeEye writes one line per object with all its messages, those of the
// gravest findings first.
func writeKubeEye(w io.Writer, r *Report, options Options) error {
	var order []resource.Identity
	messages := make(map[resource.Identity][]string)
	levels := make(map[resource.Identity]finding.Severity)
	for _, f := range r.Findings { // most severe first
		if _, known := messages[f.Resource]; !known {
			order = append(order, f.Resource)
			levels[f.Resource] = f.Severity
		}
		if message := kubeEyeMessage(r.Rules, f.Rule); !slices.Contains(messages[f.Resource], message) {
			messages[f.Resource] = append(messages[f.Resource], message)
		}
	}
	slices.SortStableFunc(order, func(a, b resource.Identity) int {
		return strings.Compare(a.Namespace+"\x00"+a.Kind+"\x00"+a.Name, b.Namespace+"\x00"+b.Kind+"\x00"+b.Name)
	})
	rows := make([][]string, len(order))
	for i, object := range order {
		rows[i] = []string{object.Namespace, object.Name, object.Kind, "[" + strings.Join(messages[object], " ") + "]"}
	}
	var out strings.Builder
	grid(&out, options.Look, []string{"NAMESPACE", "NAME", "KIND", "MESSAGE"}, rows, func(row int, line string) string {
		before, after, _ := cutLast(line, "[")
		return before + options.Look.Severity(levels[order[row]], "["+after)
	})
	return writeKubeEyeEnd(w, &out, r)
}

// cutLast cuts text at the last separator.
func cutLast(text, separator string) (before, after string, found bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(separator):], true
}

// writeKubeEyeWide writes one line per finding with its level and its reason,
// as newer releases of KubeEye do.
func writeKubeEyeWide(w io.Writer, r *Report, options Options) error {
	rows := make([][]string, len(r.Findings))
	for i, f := range r.Findings {
		rows[i] = []string{f.Resource.Namespace, f.Resource.Name, f.Resource.Kind, kubeEyeLevel(f.Severity), kubeEyeMessage(r.Rules, f.Rule), f.Message}
	}
	var out strings.Builder
	grid(&out, options.Look, []string{"NAMESPACE", "NAME", "KIND", "LEVEL", "MESSAGE", "REASON"}, rows, nil)
	return writeKubeEyeEnd(w, &out, r)
}

func writeKubeEyeEnd(w io.Writer, out *strings.Builder, r *Report) error {
	counts := make(map[string]int)
	for _, f := range r.Findings {
		counts[kubeEyeLevel(f.Severity)]++
	}
	parts := make([]string, len(kubeEyeLevels))
	for i, level := range kubeEyeLevels {
		parts[i] = fmt.Sprintf("%d %s", counts[level], level)
	}
	fmt.Fprintf(out, "\n%s (%s) in %d of %s\n", terminal.Count(len(r.Findings), "finding"), strings.Join(parts, ", "),
		r.Violating, terminal.Count(r.Resources, "resource"))
	_, err := io.WriteString(w, out.String())
	return err
}
