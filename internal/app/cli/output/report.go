package output

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// Report is everything an audit has to tell. Formats read it and change nothing.
type Report struct {
	Findings  []finding.Finding // in reading order, see Sort
	Failures  []Failure
	Resources int // judged, or found to need no judging
	Violating int // resources with findings
	// Kinds are the kinds of the resources; nil where they are not known.
	Kinds map[schema.GroupKind]bool
	// Rules are the rules that judged.
	Rules *rule.Set
	// Images are the images of containers with findings, for the views that
	// show them; may be nil.
	Images map[Container]string
	// Subject says what was judged, as in "deploy/"; may be empty.
	Subject string
	// Program is what people call to learn more about a rule.
	Program string
}

// Container names one container of one resource.
type Container struct {
	Resource resource.Identity
	Name     string
}

// Failure is something that could not be read or judged. The fields that are
// not known are empty.
type Failure struct {
	File     string    `json:"file,omitempty" yaml:"file,omitempty"`
	Line     int       `json:"line,omitempty" yaml:"line,omitempty"`
	Rule     string    `json:"rule,omitempty" yaml:"rule,omitempty"`
	Kind     string    `json:"kind,omitempty" yaml:"kind,omitempty"` // as in Deployment.apps
	Resource *Identity `json:"resource,omitempty" yaml:"resource,omitempty"`
	Cause    string    `json:"cause,omitempty" yaml:"cause,omitempty"`
	Message  string    `json:"message" yaml:"message"`
}

// Identity names a resource in data formats, with all fields whatever they hold.
type Identity struct {
	APIVersion string `json:"apiVersion" yaml:"apiVersion"`
	Kind       string `json:"kind" yaml:"kind"`
	Namespace  string `json:"namespace" yaml:"namespace"`
	Name       string `json:"name" yaml:"name"`
}

func identityOf(i resource.Identity) *Identity {
	return &Identity{APIVersion: i.APIVersion, Kind: i.Kind, Namespace: i.Namespace, Name: i.Name}
}

// Add adds the verdict on one resource.
func (r *Report) Add(verdict finding.Verdict) {
	if len(verdict.Findings) > 0 {
		r.Violating++
	}
	r.Findings = append(r.Findings, verdict.Findings...)
	for _, err := range verdict.Errors {
		one := Failure{Rule: err.Rule, Cause: err.Cause, Message: err.Message, Resource: identityOf(verdict.Resource.Identity)}
		if source := verdict.Resource.Source; source != nil {
			one.File, one.Line = source.File, source.Line
		}
		r.Failures = append(r.Failures, one)
	}
}

// Sort makes the order the same every time.
func (r *Report) Sort() {
	finding.Sort(r.Findings)
	slices.SortStableFunc(r.Failures, func(a, b Failure) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message), cmp.Compare(a.resource(), b.resource()))
	})
}

// bySeverity counts the findings of each severity.
func (r *Report) bySeverity() map[finding.Severity]int {
	counts := make(map[finding.Severity]int)
	for _, f := range r.Findings {
		counts[f.Severity]++
	}
	return counts
}

func (f Failure) resource() string {
	if f.Resource == nil {
		return ""
	}
	return resource.Identity{Kind: f.Resource.Kind, Namespace: f.Resource.Namespace, Name: f.Resource.Name}.String()
}

// Text returns the failure in one line, which may hold anything a stranger's
// manifest holds.
func (f Failure) Text() string {
	text := f.Message
	if f.Kind != "" {
		text = f.Kind + ": " + text
	}
	if f.Rule != "" {
		text = fmt.Sprintf("rule %s: %s: %s", f.Rule, f.Cause, text)
	}
	if f.Resource != nil {
		text = f.resource() + ": " + text
	}
	if f.File != "" {
		text = Location(f.File, f.Line) + ": " + text
	}
	return strings.Join(strings.Fields(text), " ")
}

// Location returns file:line, or the file where the line is 0.
func Location(file string, line int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// groupByRule cuts sorted findings into those of one rule each.
func groupByRule(findings []finding.Finding) [][]finding.Finding {
	var groups [][]finding.Finding
	start := 0
	for i := range findings {
		if i+1 == len(findings) || findings[i+1].Rule != findings[i].Rule {
			groups = append(groups, findings[start:i+1])
			start = i + 1
		}
	}
	return groups
}
