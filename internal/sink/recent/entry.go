package recent

import (
	"strings"
	"time"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
)

// The bounds of one entry. What is longer is cut; entries say how many findings
// are missing.
const (
	maxFindings = 50
	maxErrors   = 50
	maxText     = 512 // bytes
)

// Entry is one admission: who wanted to do what, and what the rules found. It
// holds no object and nothing of one but what identifies it.
type Entry struct {
	Time time.Time `json:"time"`
	// Revision is that of the rules that judged.
	Revision    string             `json:"revision"`
	Operation   resource.Operation `json:"operation"`
	Resource    resource.Identity  `json:"resource"`
	Subresource string             `json:"subresource,omitempty"`
	User        string             `json:"user,omitempty"`
	Owner       *Owner             `json:"owner,omitempty"`
	Findings    []Finding          `json:"findings,omitempty"`
	// Excepted are the findings that exceptions hid.
	Excepted []Excepted `json:"excepted,omitempty"`
	// Omitted counts findings, excepted or not, that are not in the entry.
	Omitted int `json:"omitted,omitempty"`
	// Errors are the rules that could not judge, with the cause.
	Errors []RuleError `json:"errors,omitempty"`
	// Replica is the webhook that answered; readers that merge several fill it.
	Replica string `json:"replica,omitempty"`
}

// Owner is the controller of the object.
type Owner struct {
	Kind string `json:"kind"` // with its group, as in ReplicaSet.apps
	Name string `json:"name"`
}

// Finding is one finding of an entry.
type Finding struct {
	Rule      string           `json:"rule"`
	Severity  finding.Severity `json:"severity"`
	Mode      finding.Mode     `json:"mode"`
	Container string           `json:"container,omitempty"`
	Path      string           `json:"path,omitempty"`
	Message   string           `json:"message"`
	// Existing says that the object had violated the rule there before the update,
	// without which the finding would have been a denial.
	Existing bool `json:"existing,omitempty"`
}

// Excepted is a finding that an exception hid.
type Excepted struct {
	// Exception is the name of the RuleException, in the object's namespace.
	Exception string `json:"exception"`
	Finding
}

// RuleError is a rule that could not judge. Its message stays behind: it may
// quote the object.
type RuleError struct {
	Rule  string `json:"rule"`
	Cause string `json:"cause"`
	// Refused says that the request was refused because of that.
	Refused bool `json:"refused,omitempty"`
}

// newEntry returns the entry of a verdict. Texts are copied where they are cut,
// and otherwise shared with the verdict, which is not changed any more.
func newEntry(report finding.Report, verdict finding.Verdict) Entry {
	res := verdict.Resource
	entry := Entry{
		Time:        report.Time.UTC(),
		Revision:    report.Revision,
		Operation:   res.Operation,
		Resource:    res.Identity,
		Subresource: res.Subresource,
	}
	if res.User != nil {
		entry.User = cut(res.User.Name)
	}
	if res.Owner != nil {
		entry.Owner = &Owner{Kind: cut(res.Owner.GroupKind.String()), Name: cut(res.Owner.Name)}
	}
	kept := min(len(verdict.Findings), maxFindings)
	for i := range kept {
		entry.Findings = append(entry.Findings, newFinding(&verdict.Findings[i]))
	}
	hidden := min(len(verdict.Excepted), maxFindings)
	for i := range hidden {
		excepted := &verdict.Excepted[i]
		entry.Excepted = append(entry.Excepted, Excepted{Exception: excepted.Exception, Finding: newFinding(&excepted.Finding)})
	}
	entry.Omitted = len(verdict.Findings) - kept + len(verdict.Excepted) - hidden
	for _, failure := range verdict.Errors[:min(len(verdict.Errors), maxErrors)] {
		entry.Errors = append(entry.Errors, RuleError{Rule: failure.Rule, Cause: failure.Cause, Refused: failure.Deny})
	}
	return entry
}

func newFinding(f *finding.Finding) Finding {
	return Finding{
		Rule:      f.Rule,
		Severity:  f.Severity,
		Mode:      f.Mode,
		Container: cut(f.Container),
		Path:      cut(f.Path),
		Message:   cut(f.Message),
		Existing:  f.Existing,
	}
}

// cut bounds a text.
func cut(text string) string {
	if len(text) <= maxText {
		return text
	}
	return strings.ToValidUTF8(text[:maxText], "") + "..."
}

// overhead is what an entry, a finding or an error takes beside its texts, in
// bytes; roughly, and rather too much.
const overhead = 256

// size estimates the memory that an entry takes, which is more than it takes as
// JSON.
func (e *Entry) size() int {
	n := 2*overhead + len(e.User) + len(e.Resource.Name) + len(e.Resource.Namespace) + len(e.Resource.Kind) + len(e.Resource.APIVersion) + len(e.Resource.UID)
	if e.Owner != nil {
		n += overhead + len(e.Owner.Kind) + len(e.Owner.Name)
	}
	for i := range e.Findings {
		n += e.Findings[i].size()
	}
	for i := range e.Excepted {
		n += e.Excepted[i].size() + len(e.Excepted[i].Exception)
	}
	for i := range e.Errors {
		n += overhead + len(e.Errors[i].Rule)
	}
	return n
}

func (f *Finding) size() int {
	return overhead + len(f.Rule) + len(f.Container) + len(f.Path) + len(f.Message)
}
