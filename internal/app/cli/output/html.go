package output

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/finding"
)

//go:embed html
var htmlFiles embed.FS

// openUpTo is how many findings a page shows unfolded: more of them are easier
// to survey rule by rule.
const openUpTo = 100

// page is what the template shows.
type page struct {
	Title, Subject, Sum string
	Policy              string // what the page may load and run: its own style and script
	Style               template.CSS
	Script              template.JS
	Severities          []severityCount
	Failures            []string
	Framework           *pageFramework
	Namespaces          []string
	Groups              []pageGroup
	Open                bool
	Quiet               []string // rules that found nothing
	Version, Time       string
}

type (
	severityCount struct {
		Name  string
		Count int
	}
	pageFramework struct {
		Sum, Formula string
		Controls     []pageControl
	}
	pageControl struct {
		Control
		Class string
	}
	pageGroup struct {
		ID, Title, Description, Category string
		Severity, Modes, Number          string
		Controls                         []controlList
		Fix                              []block
		Findings                         []pageFinding
	}
	controlList struct{ Framework, IDs string }
	pageFinding struct {
		finding.Finding
		Parts []string // of the path: lines break between them
		Place string
	}
)

// writeHTML writes a page that needs nothing but itself.
func writeHTML(w io.Writer, r *Report, options Options) error {
	return writePage(w, newPage(r, options))
}

// writeFrameworkHTML writes the same page with the controls of a framework.
func writeFrameworkHTML(w io.Writer, r *Report, options Options) error {
	p := newPage(r, options)
	p.Title = "Reeve audit by " + options.Framework.Name
	p.Framework = &pageFramework{Sum: options.Framework.Sum(), Formula: ScoreFormula}
	classes := map[Status]string{Passed: "passed", Failed: "failed", NotAssessed: "unassessed"}
	for _, control := range options.Framework.Controls {
		p.Framework.Controls = append(p.Framework.Controls, pageControl{control, classes[control.Status]})
	}
	return writePage(w, p)
}

func writePage(w io.Writer, p page) error {
	style, err := htmlFiles.ReadFile("html/report.css")
	if err != nil {
		return err
	}
	script, err := htmlFiles.ReadFile("html/report.js")
	if err != nil {
		return err
	}
	// Both are files of this package, no data.
	p.Style, p.Script = template.CSS(style), template.JS(script) //nolint:gosec
	p.Policy = fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; base-uri 'none'; form-action 'none'", policyHash(style), policyHash(script))
	parsed, err := template.ParseFS(htmlFiles, "html/report.html")
	if err != nil {
		return err
	}
	return parsed.Execute(w, p)
}

// policyHash names a style or script in a content security policy.
func policyHash(text []byte) string {
	hash := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
}

func newPage(r *Report, options Options) page {
	p := page{
		Title: "Reeve audit", Subject: readable(r.Subject), Sum: r.Sum(), Version: options.Version, Open: len(r.Findings) <= openUpTo,
	}
	if !options.Time.IsZero() {
		p.Time = options.Time.UTC().Format(time.RFC1123)
	}
	counts := r.bySeverity()
	for _, severity := range finding.Severities() {
		p.Severities = append(p.Severities, severityCount{severity.String(), counts[severity]})
	}
	for _, failure := range r.Failures {
		p.Failures = append(p.Failures, readable(failure.Text()))
	}
	namespaces, found := make(map[string]bool), make(map[string]bool)
	for _, group := range groupByRule(r.Findings) {
		found[group[0].Rule] = true
		for _, f := range group {
			namespaces[f.Resource.Namespace] = true
		}
		p.Groups = append(p.Groups, newPageGroup(r, group))
	}
	p.Namespaces = slices.Sorted(maps.Keys(namespaces))
	for _, one := range r.Rules.Rules() {
		if !found[one.ID] {
			p.Quiet = append(p.Quiet, one.ID)
		}
	}
	return p
}

func newPageGroup(r *Report, findings []finding.Finding) pageGroup {
	first := findings[0]
	group := pageGroup{
		ID: first.Rule, Severity: first.Severity.String(), Modes: strings.Join(modesOf(findings), " and "),
		Number: terminal.Count(len(findings), "finding"), Fix: blocks(first.Remediation),
	}
	if one := r.Rules.Rule(first.Rule); one != nil {
		group.Title, group.Description, group.Category = one.Title, one.Description, one.Category
		for _, framework := range slices.Sorted(maps.Keys(one.Controls)) {
			group.Controls = append(group.Controls, controlList{framework, strings.Join(one.Controls[framework], ", ")})
		}
	}
	for _, f := range findings {
		shown := pageFinding{Finding: f}
		if f.Source != nil {
			shown.Place = readable(Location(f.Source.File, f.Source.Line))
		}
		for _, text := range []*string{&shown.Resource.Namespace, &shown.Resource.Kind, &shown.Resource.Name, &shown.Container, &shown.Path, &shown.Message} {
			*text = readable(*text)
		}
		if shown.Path != "" {
			shown.Parts = strings.SplitAfter(shown.Path, ".")
		}
		group.Findings = append(group.Findings, shown)
	}
	return group
}

// readable returns text without characters that cannot be seen, or that turn
// the text around them; the template escapes the rest.
func readable(text string) string { return terminal.Clean(text) }
