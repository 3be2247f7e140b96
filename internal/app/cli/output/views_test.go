package output_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/app/cli/output"
	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/rule"
)

func TestViewsAndFrameworksAreAsRecorded(t *testing.T) {
	color := terminal.Look{Width: 80, Color: true}
	cis := output.NewFramework("cis", rules(t), sample(t))
	tests := []struct {
		name    string
		options output.Options
	}{
		{"kubeeye.txt", output.Options{Format: output.Table, View: output.ViewKubeEye}},
		{"kubeeye-color.txt", output.Options{Format: output.Table, View: output.ViewKubeEye, Look: color}},
		{"kubeeye-wide.txt", output.Options{Format: output.Wide, View: output.ViewKubeEye}},
		{"leak-detector.txt", output.Options{Format: output.Table, View: output.ViewLeakDetector}},
		{"framework.txt", output.Options{Format: output.Table, Framework: cis}},
		{"framework-color.txt", output.Options{Format: output.Table, Framework: cis, Look: color}},
		{"framework-40.txt", output.Options{Format: output.Table, Framework: cis, Look: terminal.Look{Width: 40}}},
		{"framework.json", output.Options{Format: output.JSON, Framework: cis}},
		{"framework.yaml", output.Options{Format: output.YAML, Framework: cis}},
		{"framework.md", output.Options{Format: output.Markdown, Framework: cis}},
		{"framework.html", output.Options{Format: output.HTML, Framework: cis}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { golden(t, test.name, written(t, sample(t), test.options)) })
	}
}

func TestFrameworkTablesFitTheirWidth(t *testing.T) {
	for _, columns := range []int{40, 60, 80, 120} {
		report := sample(t)
		text := written(t, report, output.Options{
			Format: output.Table, Look: terminal.Look{Width: columns}, Framework: output.NewFramework("cis", rules(t), report),
		})
		for line := range strings.Lines(text) {
			if wide := terminal.Width(strings.TrimRight(line, "\n")); wide > columns {
				t.Errorf("width %d: %d columns: %q", columns, wide, line)
			}
		}
	}
}

func TestControlsPassFailOrAreNotAssessed(t *testing.T) {
	without := func(set *rule.Set, id string) *rule.Set {
		return set.Filter(func(r *rule.Rule) bool { return r.ID != id })
	}
	tests := []struct {
		name   string
		change func(*output.Report)
		want   map[string]output.Status
		reason string // of 5.2.9
		score  int
	}{
		{
			name: "findings", change: func(r *output.Report) { r.Failures = nil },
			want: map[string]output.Status{"5.1.3": output.Failed, "5.2.2": output.Failed, "5.2.9": output.Failed, "5.2.10": output.Failed, "5.5.1": output.NotAssessed},
		},
		{
			name:   "no findings",
			change: func(r *output.Report) { r.Findings, r.Failures = nil, nil },
			want:   map[string]output.Status{"5.1.3": output.Passed, "5.2.2": output.Passed, "5.2.9": output.Passed, "5.2.10": output.Passed, "5.5.1": output.NotAssessed},
			score:  100,
		},
		{
			name: "a rule that was not asked",
			change: func(r *output.Report) {
				r.Findings, r.Failures, r.Rules = r.Findings[:1], nil, without(r.Rules, "requests")
			},
			want:   map[string]output.Status{"5.1.3": output.Passed, "5.2.2": output.Failed, "5.2.9": output.NotAssessed, "5.2.10": output.Failed, "5.5.1": output.NotAssessed},
			reason: "none of its rules was asked",
			score:  33,
		},
		{
			name: "a rule that failed",
			change: func(r *output.Report) {
				r.Findings, r.Failures = nil, []output.Failure{{Rule: "requests", Message: "m"}}
			},
			want:   map[string]output.Status{"5.1.3": output.Passed, "5.2.2": output.Passed, "5.2.9": output.NotAssessed, "5.2.10": output.Passed, "5.5.1": output.NotAssessed},
			reason: "rule requests could not judge everything",
			score:  100,
		},
		{
			name: "a kind that could not be read",
			change: func(r *output.Report) {
				r.Findings, r.Failures = nil, []output.Failure{{Kind: "Deployment.apps", Message: "forbidden"}}
			},
			want:   map[string]output.Status{"5.1.3": output.Passed, "5.2.2": output.NotAssessed, "5.2.9": output.NotAssessed, "5.2.10": output.NotAssessed, "5.5.1": output.NotAssessed},
			reason: "Deployment.apps could not be read",
			score:  100,
		},
		{
			name:   "nothing to judge",
			change: func(r *output.Report) { r.Findings, r.Failures, r.Resources = nil, nil, 0 },
			want:   map[string]output.Status{"5.1.3": output.NotAssessed, "5.2.2": output.NotAssessed, "5.2.9": output.NotAssessed, "5.2.10": output.NotAssessed, "5.5.1": output.NotAssessed},
			reason: "there was nothing to judge",
			score:  -1,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			report := sample(t)
			test.change(report)
			framework := output.NewFramework("cis", rules(t), report)
			got := make(map[string]output.Status)
			var order []string
			for _, control := range framework.Controls {
				got[control.ID] = control.Status
				order = append(order, control.ID)
				if control.ID == "5.2.9" && control.Reason != test.reason {
					t.Errorf("reason %q, want %q", control.Reason, test.reason)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if diff := cmp.Diff([]string{"5.1.3", "5.2.2", "5.2.9", "5.2.10", "5.5.1"}, order); diff != "" {
				t.Errorf("order (-want +got)\n%s", diff)
			}
			if score, ok := framework.Score(); ok != (test.score >= 0) || ok && score != test.score {
				t.Errorf("score %d, %t, want %d", score, ok, test.score)
			}
		})
	}
}

func TestFrameworksAreThoseOfTheRules(t *testing.T) {
	if diff := cmp.Diff([]string{"cis", "nsa", "pss"}, output.Frameworks(rules(t))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
