package output

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/finding"
)

// The JUnit XML, as far as the programs that read it agree on it. The encoder
// replaces what XML cannot hold.
type (
	junitReport struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name      string     `xml:"name,attr"`
		ClassName string     `xml:"classname,attr"`
		File      string     `xml:"file,attr,omitempty"`
		Line      int        `xml:"line,attr,omitempty"`
		Failure   *junitText `xml:"failure"`
		Error     *junitText `xml:"error"`
	}
	junitText struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// unruledSuite is the suite of errors that no rule has made.
const unruledSuite = "reeve"

// writeJUnit writes a suite per rule and in it a test case per resource with
// findings or errors, or one that passes where there are none.
func writeJUnit(w io.Writer, r *Report, _ Options) error {
	out := junitReport{Name: "reeve audit"}
	byRule := make(map[string][]finding.Finding)
	for _, group := range groupByRule(r.Findings) {
		byRule[group[0].Rule] = append(byRule[group[0].Rule], group...)
	}
	failures := make(map[string][]Failure)
	for _, failure := range r.Failures {
		failures[failure.Rule] = append(failures[failure.Rule], failure)
	}
	ids := make(map[string]bool)
	for _, one := range r.Rules.Rules() {
		ids[one.ID] = true
	}
	for id := range byRule {
		ids[id] = true
	}
	for id := range failures {
		ids[id] = true
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		out.add(newSuite(cmp.Or(id, unruledSuite), byRule[id], failures[id]))
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (r *junitReport) add(suite junitSuite) {
	r.Tests += suite.Tests
	r.Failures += suite.Failures
	r.Errors += suite.Errors
	r.Suites = append(r.Suites, suite)
}

func newSuite(id string, findings []finding.Finding, failures []Failure) junitSuite {
	suite := junitSuite{Name: id}
	for len(findings) > 0 {
		end := 1
		for end < len(findings) && findings[end].Resource == findings[0].Resource && sameFile(findings[end], findings[0]) {
			end++
		}
		suite.Cases = append(suite.Cases, newCase(findings[:end]))
		suite.Failures++
		findings = findings[end:]
	}
	for _, failure := range failures {
		suite.Cases = append(suite.Cases, failureCase(id, failure))
		suite.Errors++
	}
	if len(suite.Cases) == 0 {
		suite.Cases = []junitCase{{Name: "no findings", ClassName: id}}
	}
	suite.Tests = len(suite.Cases)
	return suite
}

func sameFile(a, b finding.Finding) bool {
	return (a.Source == nil) == (b.Source == nil) && (a.Source == nil || a.Source.File == b.Source.File)
}

// newCase returns the test case of one rule's findings on one resource.
func newCase(findings []finding.Finding) junitCase {
	first := findings[0]
	one := junitCase{Name: first.Resource.String(), ClassName: first.Rule}
	if first.Source != nil {
		one.File, one.Line = first.Source.File, first.Source.Line
	}
	var text strings.Builder
	for _, f := range findings {
		text.WriteString("\n" + f.Message + "\n")
		if f.Path != "" {
			text.WriteString("  field: " + f.Path + "\n")
		}
		if f.Source != nil {
			text.WriteString("  at: " + Location(f.Source.File, f.Source.Line) + "\n")
		}
	}
	if first.Remediation != "" {
		text.WriteString("\n" + first.Remediation + "\n")
	}
	one.Failure = &junitText{
		Message: fmt.Sprintf("%s of %s", terminal.Count(len(findings), "finding"), first.Rule),
		Type:    first.Severity.String(),
		Text:    text.String(),
	}
	return one
}

func failureCase(id string, failure Failure) junitCase {
	one := junitCase{Name: failure.resource(), ClassName: id, File: failure.File, Line: failure.Line}
	switch {
	case one.Name == "" && failure.Kind != "":
		one.Name = failure.Kind
	case one.Name == "":
		one.Name = Location(failure.File, failure.Line)
	}
	one.Error = &junitText{Message: failure.Message, Type: failure.Cause}
	if one.Error.Type == "" {
		one.Error.Type = "input"
	}
	return one
}
