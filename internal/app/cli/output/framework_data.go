package output

import "io"

// The JSON and YAML output by framework. All fields are always there.
type (
	frameworkDocument struct {
		Framework string            `json:"framework" yaml:"framework"`
		Score     *int              `json:"score" yaml:"score"` // null when no control was assessed
		Formula   string            `json:"formula" yaml:"formula"`
		Summary   frameworkSummary  `json:"summary" yaml:"summary"`
		Controls  []controlDocument `json:"controls" yaml:"controls"`
		Errors    []Failure         `json:"errors" yaml:"errors"`
	}
	frameworkSummary struct {
		Controls    int `json:"controls" yaml:"controls"`
		Passed      int `json:"passed" yaml:"passed"`
		Failed      int `json:"failed" yaml:"failed"`
		NotAssessed int `json:"notAssessed" yaml:"notAssessed"`
		Resources   int `json:"resources" yaml:"resources"`
		Findings    int `json:"findings" yaml:"findings"` // each once, whatever controls it counts against
	}
	controlDocument struct {
		ID       string        `json:"id" yaml:"id"`
		Status   Status        `json:"status" yaml:"status"`
		Reason   string        `json:"reason" yaml:"reason"`
		Rules    []ControlRule `json:"rules" yaml:"rules"`
		Findings []Finding     `json:"findings" yaml:"findings"`
	}
)

func newFrameworkDocument(r *Report, framework *Framework) frameworkDocument {
	out := frameworkDocument{
		Framework: framework.Name,
		Formula:   ScoreFormula,
		Summary: frameworkSummary{
			Controls: len(framework.Controls), Passed: framework.Count(Passed), Failed: framework.Count(Failed),
			NotAssessed: framework.Count(NotAssessed), Resources: r.Resources, Findings: len(r.Findings),
		},
		Controls: make([]controlDocument, 0, len(framework.Controls)),
		Errors:   append([]Failure{}, r.Failures...),
	}
	if score, ok := framework.Score(); ok {
		out.Score = &score
	}
	for _, control := range framework.Controls {
		out.Controls = append(out.Controls, controlDocument{
			ID: control.ID, Status: control.Status, Reason: control.Reason, Rules: control.Rules, Findings: dataOf(control.Findings),
		})
	}
	return out
}

func writeFrameworkJSON(w io.Writer, r *Report, options Options) error {
	return EncodeJSON(w, newFrameworkDocument(r, options.Framework))
}

func writeFrameworkYAML(w io.Writer, r *Report, options Options) error {
	return encodeYAML(w, newFrameworkDocument(r, options.Framework))
}
