package output

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
)

// ScoreFormula says how a score is reckoned.
const ScoreFormula = "passed controls / (passed + failed controls) x 100, rounded down; controls that were not assessed do not count"

// Status is what an audit says of a control.
type Status string

// The statuses.
const (
	Passed      Status = "passed"       // its rules judged and found nothing
	Failed      Status = "failed"       // one of its rules found something
	NotAssessed Status = "not assessed" // none of its rules could find anything
)

// Framework is what an audit says of a framework's controls.
type Framework struct {
	Name     string
	Controls []Control // in natural order
}

// Control is what an audit says of one control.
type Control struct {
	ID     string
	Status Status
	// Reason says why the control was not assessed; empty otherwise.
	Reason   string
	Rules    []ControlRule     // by id
	Findings []finding.Finding // in reading order
}

// ControlRule is one of the rules that serve a control.
type ControlRule struct {
	ID       string `json:"id" yaml:"id"`
	Title    string `json:"title" yaml:"title"`
	Asked    bool   `json:"asked" yaml:"asked"` // it was among the rules that judged
	Findings int    `json:"findings" yaml:"findings"`
}

// Frameworks returns the frameworks that rules name in their METADATA, sorted.
func Frameworks(set *rule.Set) []string {
	var names []string
	for _, r := range set.Rules() {
		for name := range r.Controls {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// NewFramework reads a report by framework. All are the rules there are, those
// that were not asked included: their controls were not assessed.
func NewFramework(name string, all *rule.Set, report *Report) *Framework {
	framework := &Framework{Name: name}
	serving := make(map[string][]*rule.Rule)
	for _, r := range all.Rules() {
		for _, id := range r.Controls[name] {
			if !slices.Contains(serving[id], r) {
				serving[id] = append(serving[id], r)
			}
		}
	}
	byRule := make(map[string][]finding.Finding)
	for _, f := range report.Findings {
		byRule[f.Rule] = append(byRule[f.Rule], f)
	}
	for id, rules := range serving {
		framework.Controls = append(framework.Controls, newControl(id, rules, byRule, report))
	}
	slices.SortFunc(framework.Controls, func(a, b Control) int { return natural(a.ID, b.ID) })
	return framework
}

func newControl(id string, rules []*rule.Rule, byRule map[string][]finding.Finding, report *Report) Control {
	control := Control{ID: id, Status: Passed}
	idle, broken, judged := "none of its rules was asked", "", false
	for _, r := range rules {
		one := ControlRule{ID: r.ID, Title: r.Title, Findings: len(byRule[r.ID])}
		if one.Asked = report.Rules.Rule(r.ID) != nil && r.At(finding.DoorScan); one.Asked {
			reason := report.idle(r)
			judged = judged || reason == ""
			idle = cmp.Or(reason, idle)
			broken = cmp.Or(broken, report.unjudged(r))
		}
		control.Rules = append(control.Rules, one)
		control.Findings = append(control.Findings, byRule[r.ID]...)
	}
	finding.Sort(control.Findings)
	switch {
	case len(control.Findings) > 0:
		control.Status = Failed
	case broken != "":
		control.Status, control.Reason = NotAssessed, broken
	case !judged:
		control.Status, control.Reason = NotAssessed, idle
	}
	return control
}

// idle returns why a rule that was asked had nothing to do, or "".
func (r *Report) idle(judge *rule.Rule) string {
	for _, name := range slices.Sorted(maps.Keys(judge.Parameters)) {
		if parameter := judge.Parameters[name]; parameter.SwitchesOff(parameter.Default) {
			return fmt.Sprintf("rule %s is off while its parameter %s is empty", judge.ID, name)
		}
	}
	if r.Resources == 0 || r.Kinds != nil && !slices.ContainsFunc(judge.Kinds, func(kind schema.GroupKind) bool { return r.Kinds[kind] }) {
		return "there was nothing to judge"
	}
	return ""
}

// unjudged returns why a rule could not judge everything, or "".
func (r *Report) unjudged(judge *rule.Rule) string {
	concerns := func(kind string) bool {
		is := func(other schema.GroupKind) bool { return other.String() == kind }
		return slices.ContainsFunc(judge.Kinds, is) ||
			slices.ContainsFunc(judge.Inventory, func(need rule.Need) bool { return is(need.Kind) })
	}
	for _, failure := range r.Failures {
		switch {
		case failure.Rule == judge.ID:
			return fmt.Sprintf("rule %s could not judge everything", judge.ID)
		case failure.Rule == "" && failure.Kind != "" && concerns(failure.Kind):
			return fmt.Sprintf("%s could not be read", failure.Kind)
		}
	}
	return ""
}

// Count returns how many controls have a status.
func (f *Framework) Count(status Status) int {
	n := 0
	for _, control := range f.Controls {
		if control.Status == status {
			n++
		}
	}
	return n
}

// Score returns a number from 0 to 100 by ScoreFormula. It is not ok when no
// control was assessed.
func (f *Framework) Score() (score int, ok bool) {
	passed, failed := f.Count(Passed), f.Count(Failed)
	if passed+failed == 0 {
		return 0, false
	}
	return passed * 100 / (passed + failed), true
}

// Sum returns the score and the counts in one line.
func (f *Framework) Sum() string {
	score := "no score"
	if n, ok := f.Score(); ok {
		score = fmt.Sprintf("score %d of 100", n)
	}
	return fmt.Sprintf("%s: %s; %s: %d passed, %d failed, %d not assessed", f.Name, score,
		terminal.Count(len(f.Controls), "control"), f.Count(Passed), f.Count(Failed), f.Count(NotAssessed))
}

// ruleIDs returns the rules of a control in one line; those that were not asked
// are marked.
func (c Control) ruleIDs() string {
	names := make([]string, len(c.Rules))
	for i, r := range c.Rules {
		if names[i] = r.ID; !r.Asked {
			names[i] += " (not asked)"
		}
	}
	return strings.Join(names, ", ")
}

// natural compares names so that 5.2.10 stands behind 5.2.9.
func natural(a, b string) int {
	x, y := parts(a), parts(b)
	for i := range min(len(x), len(y)) {
		isNumber := func(part string) bool { return unicode.IsDigit(rune(part[0])) }
		if isNumber(x[i]) && isNumber(y[i]) {
			left, right := strings.TrimLeft(x[i], "0"), strings.TrimLeft(y[i], "0")
			if c := cmp.Or(cmp.Compare(len(left), len(right)), cmp.Compare(left, right)); c != 0 {
				return c
			}
		} else if c := cmp.Compare(x[i], y[i]); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(a, b))
}

// parts cuts text between digits and other characters.
func parts(text string) []string {
	var found []string
	start := 0
	isDigit := func(c byte) bool { return c >= '0' && c <= '9' }
	for i := range len(text) {
		if i+1 == len(text) || isDigit(text[i]) != isDigit(text[i+1]) {
			found = append(found, text[start:i+1])
			start = i + 1
		}
	}
	return found
}
