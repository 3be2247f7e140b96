// Package finding describes what Reeve found: single findings, the verdict on
// one resource, and the reports that carry findings to sinks.
package finding

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/kubereeve/reeve/internal/resource"
)

// Finding is one violation of one rule by one resource.
type Finding struct {
	Rule     string            `json:"rule"`
	Severity Severity          `json:"severity"`
	Mode     Mode              `json:"mode"`
	Resource resource.Identity `json:"resource"`
	// Container is the container to blame, empty where none is.
	Container string `json:"container,omitempty"`
	// Path is the field from the object's root, as in
	// spec.template.spec.containers[0].image; empty where none is to blame.
	Path string `json:"path,omitempty"`
	// Message says what was found and how to fix it, in one line.
	Message     string           `json:"message"`
	Remediation string           `json:"remediation,omitempty"`
	Source      *resource.Source `json:"source,omitempty"`
	// Existing is true for a warning that would be a denial, had the object not
	// violated the rule in the same place before the update.
	Existing bool `json:"existing,omitempty"`
	// ExpiredException names the exception in the object's namespace that hid the
	// finding until it expired; mostly empty.
	ExpiredException string `json:"expiredException,omitempty"`
}

// Excepted is a finding that an exception hides. It does nothing at any door.
type Excepted struct {
	// Exception is the name of the RuleException in the namespace of the finding's
	// object.
	Exception string
	Finding   Finding
}

// Line returns the one line that people read: the message and its tail.
func (f Finding) Line() string { return f.Message + f.Tail() }

// Tail returns how a line ends: with the rule's id, and with why it is news to
// somebody who has relied on an exception.
func (f Finding) Tail() string {
	if f.ExpiredException != "" {
		return " (" + f.Rule + "; the exception " + f.ExpiredException + " has expired)"
	}
	return " (" + f.Rule + ")"
}

// Fingerprint identifies the violation from one pass to the next: what is
// violated where, without the message, which may count restarts.
func (f Finding) Fingerprint() string {
	r := f.Resource
	return fmt.Sprintf("%s|%s|%s|%s|%s|%s|%s|%s", f.Rule, r.APIVersion, r.Kind, r.Namespace, r.Name, r.UID, f.Container, f.Path)
}

// Sort puts findings in reading order: most severe first, grouped by rule, then
// by resource, container, path and message.
func Sort(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int { return Compare(&a, &b) })
}

// Compare tells which of two findings comes first in reading order: a number
// below 0 when it is a.
func Compare(a, b *Finding) int {
	return cmp.Or(
		cmp.Compare(b.Severity, a.Severity),
		cmp.Compare(a.Rule, b.Rule),
		cmp.Compare(a.Resource.Namespace, b.Resource.Namespace),
		cmp.Compare(a.Resource.Kind, b.Resource.Kind),
		cmp.Compare(a.Resource.Name, b.Resource.Name),
		cmp.Compare(a.Container, b.Container),
		cmp.Compare(a.Path, b.Path),
		cmp.Compare(a.Message, b.Message),
	)
}

// RuleError says that a rule could not judge a resource. It is not a finding:
// nobody knows whether the resource violates the rule.
type RuleError struct {
	Rule string `json:"rule"`
	// Cause is one of the Cause constants: few values, fit for a metric label.
	Cause   string `json:"cause"`
	Message string `json:"message"`
	// Deny is true when the request is refused because of this.
	Deny bool `json:"-"`
	// Before is true when the rule could not judge the object as it was before an
	// update. Nothing passes because of that: what the rule finds counts as new.
	Before bool `json:"-"`
}

// The causes of a RuleError.
const (
	CauseDeadline  = "deadline"  // the rule did not end in time
	CauseMemory    = "memory"    // the rule wanted more memory than it may have
	CauseEval      = "eval"      // the rule failed, for example with a conflict
	CauseBuiltin   = "builtin"   // a builtin was given input it cannot work on
	CauseUndefined = "undefined" // the same, to a rule for which it is no failure: it has judged
	CauseDoubted   = "doubted"   // the rule failed at first, and not when OPA's evaluator was asked: it has judged
	CauseResult    = "result"    // the rule returned something that is no finding
	CauseInput     = "input"     // the object itself could not be parsed
	CauseInventory = "inventory" // cluster objects the rule needs are not known
	CauseMatch     = "match"     // whether the rule judges the object cannot be known
)

// Error returns the rule, the cause and the message in one line.
func (e RuleError) Error() string {
	return fmt.Sprintf("rule %s: %s: %s", e.Rule, e.Cause, e.Message)
}

// Verdict is everything found on one resource.
type Verdict struct {
	Resource *resource.Resource
	Findings []Finding // in reading order
	Errors   []RuleError
	// Excepted are the findings that exceptions hide, in reading order; they are
	// not among Findings.
	Excepted []Excepted
}

// Empty tells whether the verdict has nothing to say.
func (v Verdict) Empty() bool { return len(v.Findings)+len(v.Errors)+len(v.Excepted) == 0 }

// ByMode returns the findings of one mode, in reading order.
func (v Verdict) ByMode(mode Mode) []Finding {
	var chosen []Finding
	for _, f := range v.Findings {
		if f.Mode == mode {
			chosen = append(chosen, f)
		}
	}
	return chosen
}
