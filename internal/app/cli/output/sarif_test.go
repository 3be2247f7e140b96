package output_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kubereeve/reeve/internal/app/cli/output"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
)

// sarifLog is what the tests read of SARIF.
type sarifLog struct {
	Runs []struct {
		Tool struct {
			Driver struct {
				Rules []struct {
					ID         string
					Help       struct{ Markdown string }
					Properties map[string]any
				}
			}
		}
		Invocations []struct {
			ExecutionSuccessful        bool
			ToolExecutionNotifications []any
		}
		Results []struct {
			RuleID    string
			RuleIndex int
			Level     string
			Locations []struct {
				PhysicalLocation *struct {
					ArtifactLocation struct{ URI string }
					Region           struct{ StartLine int }
				}
				LogicalLocations []struct{ FullyQualifiedName string }
			}
			PartialFingerprints map[string]string
		}
	}
}

func sarif(t *testing.T, report *output.Report) sarifLog {
	t.Helper()
	var log sarifLog
	if err := json.Unmarshal([]byte(written(t, report, output.Options{Format: output.SARIF})), &log); err != nil {
		t.Fatal(err)
	}
	return log
}

func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	file, err := os.Open("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	document, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("sarif.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestSARIFIsValid(t *testing.T) {
	schema := sarifSchema(t)
	validate := func(text string) error {
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(document)
	}
	live := sample(t)
	for i := range live.Findings {
		live.Findings[i].Source = nil
	}
	for name, report := range map[string]*output.Report{
		"sample": sample(t), "hostile": hostile(t), "nothing": {Rules: rules(t)}, "a live cluster": live,
	} {
		if err := validate(written(t, report, output.Options{Format: output.SARIF})); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := written(t, sample(t), output.Options{Format: output.SARIF})
	for _, change := range [][2]string{
		{`"version": "2.1.0"`, `"version": "2.0.0"`}, {`"ruleIndex"`, `"ruleindex"`}, {`"startLine": 20`, `"startLine": 0`}, {`"uri": "deploy/web.yaml"`, `"uri": "%zz"`},
	} {
		if bad := strings.Replace(good, change[0], change[1], 1); bad == good || validate(bad) == nil {
			t.Errorf("the schema accepts %s, so this test proves nothing", change[1])
		}
	}
}

func TestSARIFSaysWhereFindingsAre(t *testing.T) {
	tests := []struct {
		file string
		want string // empty for no file at all
	}{
		{"deploy/web.yaml", "deploy/web.yaml"},
		{"./deploy/../web.yaml", "web.yaml"},
		{"/work/deploy/web.yaml", "deploy/web.yaml"},
		{"/elsewhere/a b.yaml", "file:///elsewhere/a%20b.yaml"},
		{"../x.yaml", "file:///x.yaml"},
		{"a b/ü#1?%.yaml", "a%20b/%C3%BC%231%3F%25.yaml"},
		{"a:b.yaml", "./a:b.yaml"},
		{"<stdin>", ""},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			report := sample(t)
			report.Findings = report.Findings[:1]
			report.Findings[0].Source = &resource.Source{File: test.file, Line: 5}
			location := sarif(t, report).Runs[0].Results[0].Locations[0]
			got := ""
			if location.PhysicalLocation != nil {
				got = location.PhysicalLocation.ArtifactLocation.URI
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	t.Run("a live cluster has no files", func(t *testing.T) {
		report := sample(t)
		report.Findings = report.Findings[:1]
		report.Findings[0].Source = nil
		location := sarif(t, report).Runs[0].Results[0].Locations[0]
		if location.PhysicalLocation != nil {
			t.Errorf("a file: %+v", location.PhysicalLocation)
		}
		want := "Deployment.apps/shop/api#spec.template.spec.containers[0].securityContext.privileged"
		if got := location.LogicalLocations[0].FullyQualifiedName; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestSARIFFingerprintsLast(t *testing.T) {
	mark := func(change func(*finding.Finding)) string {
		report := sample(t)
		report.Findings = report.Findings[:1]
		change(&report.Findings[0])
		return sarif(t, report).Runs[0].Results[0].PartialFingerprints["reeveFinding/v1"]
	}
	original := mark(func(*finding.Finding) {})
	tests := []struct {
		name   string
		change func(*finding.Finding)
		same   bool
	}{
		{"another line", func(f *finding.Finding) { f.Source.Line++ }, true},
		{"another message", func(f *finding.Finding) { f.Message = "x" }, true},
		{"another version of the API", func(f *finding.Finding) { f.Resource.APIVersion = "apps/v2" }, true},
		{"the object made anew", func(f *finding.Finding) { f.Resource.UID = "2" }, true},
		{"a container added before it", func(f *finding.Finding) { f.Path = strings.Replace(f.Path, "[0]", "[1]", 1) }, true},
		{"another container", func(f *finding.Finding) { f.Container = "x" }, false},
		{"another field", func(f *finding.Finding) { f.Path += "x" }, false},
		{"another object", func(f *finding.Finding) { f.Resource.Name = "x" }, false},
		{"another namespace", func(f *finding.Finding) { f.Resource.Namespace = "x" }, false},
		{"another group", func(f *finding.Finding) { f.Resource.APIVersion = "x/v1" }, false},
		{"another rule", func(f *finding.Finding) { f.Rule = "requests" }, false},
	}
	for _, test := range tests {
		if same := mark(test.change) == original; same != test.same {
			t.Errorf("%s: same is %t, want %t", test.name, same, test.same)
		}
	}
	seen := make(map[string]bool)
	report := sample(t)
	report.Findings = append(report.Findings, report.Findings...)
	for _, result := range sarif(t, report).Runs[0].Results {
		one := result.PartialFingerprints["reeveFinding/v1"]
		if seen[one] {
			t.Errorf("%s is there twice", one)
		}
		seen[one] = true
	}
}

func TestSARIFTellsRulesAndErrors(t *testing.T) {
	run := sarif(t, sample(t)).Runs[0]
	var severities []any
	for _, r := range run.Tool.Driver.Rules {
		severities = append(severities, r.ID, r.Properties["security-severity"])
		if r.ID == "privileged" && !strings.Contains(r.Help.Markdown, "```yaml\nsecurityContext:") {
			t.Errorf("help %q", r.Help.Markdown)
		}
	}
	want := []any{"privileged", "9.5", "registry", nil, "requests", "5.5", "wildcard", "2.0"}
	if diff := cmp.Diff(want, severities); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, result := range run.Results {
		if run.Tool.Driver.Rules[result.RuleIndex].ID != result.RuleID {
			t.Errorf("index %d is not %s", result.RuleIndex, result.RuleID)
		}
	}
	if run.Invocations[0].ExecutionSuccessful || len(run.Invocations[0].ToolExecutionNotifications) != 2 {
		t.Errorf("invocation %+v", run.Invocations[0])
	}
}
