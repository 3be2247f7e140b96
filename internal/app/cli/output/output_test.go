package output_test

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/kubereeve/reeve/internal/app/cli/output"
	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
)

var endings = map[string]string{
	output.Table: "txt", output.Wide: "txt", output.JSON: "json", output.YAML: "yaml", output.CSV: "csv", output.Markdown: "md",
	output.SARIF: "sarif", output.JUnit: "xml", output.HTML: "html",
}

func TestEachFormatIsAsRecorded(t *testing.T) {
	for _, format := range output.Formats() {
		t.Run(format, func(t *testing.T) {
			golden(t, format+"."+endings[format], written(t, sample(t), output.Options{Format: format}))
		})
	}
	t.Run("wide in colour", func(t *testing.T) {
		look := terminal.Look{Width: 80, Color: true}
		golden(t, "wide-color.txt", written(t, sample(t), output.Options{Format: output.Wide, Look: look}))
	})
}

func TestAReportWithoutFindingsIsAsRecorded(t *testing.T) {
	for _, format := range output.Formats() {
		t.Run(format, func(t *testing.T) {
			got := written(t, &output.Report{Rules: rules(t), Resources: 2, Program: "reeve"}, output.Options{Format: format})
			golden(t, "nothing."+format+"."+endings[format], got)
		})
	}
}

func TestEveryFormatContainsEveryFindingOnce(t *testing.T) {
	many := &output.Report{Rules: rules(t), Resources: 500, Program: "reeve"}
	ids := []string{"privileged", "requests", "wildcard"}
	for i, word := range tokens(600) {
		r := many.Rules.Rule(ids[i%len(ids)])
		many.Findings = append(many.Findings, finding.Finding{
			Rule: r.ID, Severity: r.Severity, Mode: r.Mode, Resource: object("Pod", fmt.Sprintf("n%d", i%7), fmt.Sprintf("p%d", i%40)), Message: word,
		})
	}
	many.Sort()
	for name, report := range map[string]*output.Report{"many": many, "hostile": hostile(t)} {
		for _, format := range output.Formats() {
			t.Run(name+" "+format, func(t *testing.T) {
				text := written(t, report, output.Options{Format: format})
				if format == output.Markdown {
					text = plain.Replace(text)
				}
				for _, word := range tokens(len(report.Findings)) {
					if n := strings.Count(text, word); n != 1 {
						t.Fatalf("%s is there %d times", word, n)
					}
				}
			})
		}
	}
}

func TestAFormatWritesTheSameTwice(t *testing.T) {
	for _, format := range output.Formats() {
		first := written(t, hostile(t), output.Options{Format: format})
		if again := written(t, hostile(t), output.Options{Format: format}); again != first {
			t.Errorf("%s differs from run to run", format)
		}
	}
}

func TestYAMLIsTheSameDocumentAsJSON(t *testing.T) {
	for _, report := range []*output.Report{sample(t), hostile(t), {Rules: rules(t)}} {
		var fromJSON, fromYAML any
		if err := json.Unmarshal([]byte(written(t, report, output.Options{Format: output.JSON})), &fromJSON); err != nil {
			t.Fatal(err)
		}
		var node any
		if err := yaml.Unmarshal([]byte(written(t, report, output.Options{Format: output.YAML})), &node); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(node)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(again, &fromYAML); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fromJSON, fromYAML); diff != "" {
			t.Errorf("(-json +yaml)\n%s", diff)
		}
	}
}

func TestCSVHoldsNoFormulas(t *testing.T) {
	report := hostile(t)
	text := written(t, report, output.Options{Format: output.CSV})
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != len(report.Findings)+1 {
		t.Errorf("%d records of %d findings", len(records), len(report.Findings))
	}
	for _, record := range records {
		for _, field := range record {
			if field != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(field)[0]) {
				t.Errorf("a spreadsheet would reckon %q", field)
			}
		}
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		if strings.Count(line, "\r") > strings.Count(line, "\"") {
			t.Errorf("a lone CR outside of quotes: %q", line)
		}
	}
}

func TestTextForTerminalsIsClean(t *testing.T) {
	for _, options := range []output.Options{
		{Format: output.Table}, {Format: output.Wide}, {Format: output.Table, View: output.ViewKubeEye},
		{Format: output.Wide, View: output.ViewKubeEye}, {Format: output.Table, View: output.ViewLeakDetector},
		{Format: output.Table, Framework: output.NewFramework("cis", rules(t), hostile(t))},
	} {
		for _, c := range written(t, hostile(t), options) {
			if c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c)) {
				t.Errorf("%s %s: the output holds %U", options.Format, options.View, c)
			}
		}
	}
}

func TestWideHasALinePerFinding(t *testing.T) {
	report := hostile(t)
	lines := strings.Split(strings.TrimSpace(written(t, report, output.Options{Format: output.Wide, Look: terminal.Look{Width: 40}})), "\n")
	if want := len(report.Findings) + 3; len(lines) != want {
		t.Errorf("%d lines, want %d", len(lines), want)
	}
}

func TestMarkdownKeepsItsTablesAndMentionsNobody(t *testing.T) {
	text := written(t, hostile(t), output.Options{Format: output.Markdown})
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "| critical") || !strings.HasPrefix(line, "|") {
			continue
		}
		if cells := strings.Count(line, "|"); cells != 6 && cells != 5 {
			t.Errorf("a row of %d bars: %s", cells, line)
		}
	}
	for _, bad := range []string{"<script", "<img", "<h1", "@octocat", "#123", "http://evil", "www.evil", "k](javascript", "\x1b", "\u202e"} {
		for line := range strings.Lines(text) {
			if strings.Contains(outsideCode(line), bad) {
				t.Errorf("%q stands in %s", bad, line)
			}
		}
	}
}

// outsideCode returns a line of Markdown without what stands in backticks.
func outsideCode(line string) string {
	var kept strings.Builder
	for i, part := range strings.Split(strings.ReplaceAll(line, "\\`", ""), "`") {
		if i%2 == 0 {
			kept.WriteString(part)
		}
	}
	return kept.String()
}

func TestJUnitIsXMLWhateverItHolds(t *testing.T) {
	report := hostile(t)
	for c := range rune(0x300) { // every control character and more
		report.Findings[0].Message += string(c)
	}
	text := written(t, report, output.Options{Format: output.JUnit})
	for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	var parsed struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Suites   []struct {
			Name  string `xml:"name,attr"`
			Cases []struct {
				Failure []struct{} `xml:"failure"`
				Error   []struct{} `xml:"error"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(text), &parsed); err != nil {
		t.Fatal(err)
	}
	tests, failures, failed := 0, 0, 0
	for _, suite := range parsed.Suites {
		tests += len(suite.Cases)
		for _, one := range suite.Cases {
			failures += len(one.Failure)
			failed += len(one.Error)
		}
	}
	if diff := cmp.Diff([]int{tests, failures, failed}, []int{parsed.Tests, parsed.Failures, parsed.Errors}); diff != "" {
		t.Errorf("the sums are wrong (-counted +said): %s", diff)
	}
	if len(parsed.Suites) != len(report.Rules.Rules()) || failed != len(report.Failures) {
		t.Errorf("%d suites, %d errors", len(parsed.Suites), failed)
	}
}

func TestOptionsThatDoNotGoTogetherAreRefused(t *testing.T) {
	tests := []struct {
		name    string
		options output.Options
		want    string
	}{
		{"an unknown format", output.Options{Format: "xml"}, `"xml" is unknown; use table, wide, json, yaml, csv, markdown, sarif, junit or html`},
		{"an unknown view", output.Options{Format: output.Table, View: "polaris"}, `"polaris" is not a view`},
		{"a view as a document", output.Options{Format: output.HTML, View: output.ViewKubeEye}, "the kubeeye view is not written as html; use table or wide"},
		{"a framework as SARIF", output.Options{Format: output.SARIF, Framework: &output.Framework{}}, "a report by framework is not written as sarif; use table, json, yaml, markdown or html"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := output.Check(test.options)
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if err := output.Write(io.Discard, sample(t), test.options); err == nil {
				t.Error("it was written all the same")
			}
		})
	}
}

type full struct{}

var errFull = errors.New("the disk is full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestAFormatTellsThatItCannotWrite(t *testing.T) {
	for _, format := range output.Formats() {
		if err := output.Write(full{}, sample(t), output.Options{Format: format, Look: terminal.Look{Width: 80}}); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func TestAddCountsAndKeepsErrors(t *testing.T) {
	report := &output.Report{}
	res := &resource.Resource{Identity: object("Pod", "shop", "a"), Source: &resource.Source{File: "a.yaml", Line: 2}}
	report.Add(finding.Verdict{Resource: res, Findings: []finding.Finding{{Rule: "a"}, {Rule: "b"}}})
	report.Add(finding.Verdict{Resource: res, Errors: []finding.RuleError{{Rule: "c", Cause: "eval", Message: "m"}}})
	if report.Violating != 1 || len(report.Findings) != 2 {
		t.Errorf("%+v", report)
	}
	if got, want := report.Failures[0].Text(), "a.yaml:2: Pod shop/a: rule c: eval: m"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
