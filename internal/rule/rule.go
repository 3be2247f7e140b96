// Package rule describes rules: what their metadata says of them, and the
// immutable set of all loaded ones. It knows how to read rules, not how to run
// them.
package rule

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
)

// Rule is one Rego package that judges one thing.
type Rule struct {
	// ID names the rule everywhere, as in privileged-container.
	ID string
	// Category groups rules, as in workloads.
	Category    string
	Title       string
	Description string
	Severity    finding.Severity
	// Mode is what findings do at admission unless configured otherwise.
	Mode finding.Mode
	// Kinds are the kinds the rule judges, in any version. Foreign rules may
	// have an asterisk for every group or every kind.
	Kinds []schema.GroupKind
	// Template is true when the rule judges pod templates (kinds: workload)
	// and so need not judge again what a judged workload has created.
	Template bool
	Doors    []finding.Door
	// Remediation says how to fix a finding, with a YAML snippet.
	Remediation string
	// Controls maps frameworks (pss, nsa, cis) to the controls the rule serves.
	Controls   map[string][]string
	Aliases    []string
	Parameters map[string]Parameter
	Inventory  []Need

	// Builtin is true for the rules that come with Reeve.
	Builtin bool
	// File is where the rule was read from.
	File string
	// Package is the rule's Rego package, as in data.reeve.workloads.host_pid.
	Package ast.Ref
	// Entrypoints are the rules of the package whose results are findings.
	Entrypoints []Entrypoint
	Dialect     Dialect

	// OwnFile is true when only what stands in File belongs to the rule, though
	// other files define the same package, each a rule of its own.
	OwnFile bool
	// Match decides, beyond Kinds, whether the rule judges an object; nil means
	// that it does. It fails when that cannot be known.
	Match func(*Subject) (bool, error)
	// Arguments are what a rule finds in input.parameters that is one of many uses of
	// the same package, as the constraints of a template are; nil for all others.
	Arguments *ast.Term
	// Lenient is true when input that a builtin cannot work on is undefined to the
	// rule, as where it comes from. It is counted, and the rule has judged.
	Lenient bool
	// Uncacheable is true when Match or the rule's input depends on more than the
	// key of the verdict cache covers.
	Uncacheable bool
}

// Entrypoint is one Rego rule whose results are findings.
type Entrypoint struct {
	Name string
	// Mode is the default mode of what this entry point finds.
	Mode finding.Mode
	// Alone is true when the entry point has an input of its own: it is no partial
	// set, or its input is not, but for arguments, that of the dialect's other rules.
	Alone bool
}

// Need is a kind of cluster object that a rule reads through data.inventory.
type Need struct {
	// Kind may be in Any group: then it stands for the kinds of its name among
	// objects that are all at hand, as those of files, and for none in a cluster.
	Kind schema.GroupKind
	// Sample is true when one object of the kind per namespace is enough: the
	// rule asks whether there are any. Samples carry metadata only.
	Sample bool
	// Optional is true when the rule judges without the kind as well, if less
	// well: it finds the kind empty then.
	Optional bool
}

// At tells whether the rule is judged at a door.
func (r *Rule) At(door finding.Door) bool { return slices.Contains(r.Doors, door) }

// Waits tells whether the rule can only be judged where the inventory is known.
func (r *Rule) Waits() bool {
	return slices.ContainsFunc(r.Inventory, func(need Need) bool { return !need.Optional })
}

// Judges tells whether the rule judges a kind.
func (r *Rule) Judges(kind schema.GroupKind) bool {
	return slices.ContainsFunc(r.Kinds, func(pattern schema.GroupKind) bool { return covers(pattern, kind) })
}

// Problem is something wrong with a rule's file: what, where and the remedy.
// The file is left out of the set; the others are not affected.
type Problem struct {
	File    string
	Line    int // from 1; 0 when the whole file is meant
	Message string
	// PassedOver is true where nothing is wrong with the file: its rule asks for what
	// Reeve does not do, so there is nothing to mend.
	PassedOver bool
}

// Error returns file:line: message.
func (p *Problem) Error() string {
	if p.Line == 0 {
		return p.File + ": " + p.Message
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message)
}

// SortProblems orders problems by file and line.
func SortProblems(problems []*Problem) {
	slices.SortStableFunc(problems, func(a, b *Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
}

// AddedProblems returns the problems of now that were not there before.
func AddedProblems(before, now []*Problem) []*Problem {
	known := make(map[Problem]bool, len(before))
	for _, problem := range before {
		known[*problem] = true
	}
	return slices.DeleteFunc(slices.Clone(now), func(problem *Problem) bool { return known[*problem] })
}

// ProblemsOf returns the parse or compile errors of OPA as problems, one per
// file: the first error of a file usually explains the others.
func ProblemsOf(errs ast.Errors) []*Problem {
	var problems []*Problem
	seen := make(map[string]bool)
	for _, err := range errs {
		problem := &Problem{Message: fmt.Sprintf("%s: %s", err.Code, err.Message)}
		if err.Location != nil {
			problem.File, problem.Line = err.Location.File, err.Location.Row
		}
		if err.Details != nil && len(err.Details.Lines()) > 0 {
			problem.Message += ": " + strings.TrimSpace(err.Details.Lines()[0])
		}
		problem.Message = AsWritten(problem.Message)
		if !seen[problem.File] {
			seen[problem.File] = true
			problems = append(problems, problem)
		}
	}
	return problems
}

// ProblemsIn returns any error about a file as problems that name the file.
func ProblemsIn(file string, err error) []*Problem {
	if problem, ok := errors.AsType[*Problem](err); ok {
		return []*Problem{problem}
	}
	if errs, ok := errors.AsType[ast.Errors](err); ok {
		return ProblemsOf(errs)
	}
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathError.Err // the path stands in front already
	}
	return []*Problem{{File: file, Message: err.Error()}}
}
