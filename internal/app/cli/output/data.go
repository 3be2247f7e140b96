package output

import (
	"bytes"
	"encoding/json"
	"io"

	"go.yaml.in/yaml/v3"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
)

// The JSON and YAML output. All fields are always there.
type (
	// Document is a report as JSON and YAML hold it.
	Document struct {
		Findings []Finding `json:"findings" yaml:"findings"`
		Summary  Summary   `json:"summary" yaml:"summary"`
		Errors   []Failure `json:"errors" yaml:"errors"`
	}
	// Finding is a finding as JSON and YAML hold it.
	Finding struct {
		Rule        string           `json:"rule" yaml:"rule"`
		Severity    finding.Severity `json:"severity" yaml:"severity"`
		Mode        finding.Mode     `json:"mode" yaml:"mode"`
		Resource    *Identity        `json:"resource" yaml:"resource"`
		Container   string           `json:"container" yaml:"container"`
		Path        string           `json:"path" yaml:"path"`
		Message     string           `json:"message" yaml:"message"`
		Remediation string           `json:"remediation" yaml:"remediation"`
		Source      *resource.Source `json:"source" yaml:"source"` // null in a cluster
	}
	// Summary counts what was found.
	Summary struct {
		Resources  int            `json:"resources" yaml:"resources"`
		Findings   int            `json:"findings" yaml:"findings"`
		BySeverity map[string]int `json:"bySeverity" yaml:"bySeverity"` // every severity
		ByRule     map[string]int `json:"byRule" yaml:"byRule"`         // rules with findings
	}
)

func newDocument(r *Report) Document {
	out := Document{
		Findings: dataOf(r.Findings),
		Summary:  Summary{Resources: r.Resources, Findings: len(r.Findings), BySeverity: make(map[string]int), ByRule: make(map[string]int)},
		Errors:   append([]Failure{}, r.Failures...),
	}
	for _, severity := range finding.Severities() {
		out.Summary.BySeverity[severity.String()] = 0
	}
	for _, f := range r.Findings {
		out.Summary.BySeverity[f.Severity.String()]++
		out.Summary.ByRule[f.Rule]++
	}
	return out
}

// dataOf returns findings in the form of JSON and YAML; never nil, which would
// be written as null.
func dataOf(findings []finding.Finding) []Finding {
	out := make([]Finding, 0, len(findings))
	for _, f := range findings {
		out = append(out, Finding{
			Rule: f.Rule, Severity: f.Severity, Mode: f.Mode, Resource: identityOf(f.Resource), Container: f.Container,
			Path: f.Path, Message: f.Message, Remediation: f.Remediation, Source: f.Source,
		})
	}
	return out
}

func writeJSON(w io.Writer, r *Report, _ Options) error { return EncodeJSON(w, newDocument(r)) }

func writeYAML(w io.Writer, r *Report, _ Options) error { return encodeYAML(w, newDocument(r)) }

// EncodeJSON writes a value as indented JSON.
func EncodeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// encodeYAML writes a value as YAML, by way of JSON, which replaces what is no
// text: YAML would call it binary and encode it.
func encodeYAML[T any](w io.Writer, value T) error {
	document, err := json.Marshal(value)
	if err != nil {
		return err
	}
	var text T
	if err := json.Unmarshal(document, &text); err != nil {
		return err
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(text); err != nil {
		return err
	}
	if err := encoder.Close(); err != nil {
		return err
	}
	_, err = w.Write(out.Bytes())
	return err
}
