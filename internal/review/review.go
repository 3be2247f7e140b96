// Package review turns what rules find on a resource into a verdict: it chooses
// the rules to ask, and decides what each finding does. Every door judges
// through it.
package review

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// Modes say what findings do, beyond what the rules' metadata says.
type Modes struct {
	// Default replaces the mode of every rule that ByRule does not name; nil
	// leaves each rule its own.
	Default *finding.Mode
	// ByRule holds the modes given for ids and globs of ids, in the order they
	// were given; the last that matches wins.
	ByRule []RuleMode
}

// RuleMode is the mode of the rules that a glob matches.
type RuleMode struct {
	Rule string // an id or a path.Match glob of ids
	Mode finding.Mode
}

// ParseRuleMode reads RULE=MODE.
func ParseRuleMode(text string) (RuleMode, error) {
	name, modeName, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return RuleMode{}, fmt.Errorf("%q is not RULE=MODE, as in privileged-container=deny", text)
	}
	if _, err := path.Match(name, ""); err != nil {
		return RuleMode{}, fmt.Errorf("%q: the rule's glob is malformed", name)
	}
	mode, err := finding.ParseMode(modeName)
	return RuleMode{Rule: name, Mode: mode}, err
}

// Resolve returns the mode of what a rule finds, given the mode that its entry
// point has by itself.
func (m Modes) Resolve(r *rule.Rule, own finding.Mode) finding.Mode {
	for _, byRule := range slices.Backward(m.ByRule) {
		if matched, _ := path.Match(byRule.Rule, r.ID); matched { // checked by ParseRuleMode
			return byRule.Mode
		}
	}
	if m.Default != nil {
		return *m.Default
	}
	return own
}

// Active returns the rules of a set that are not switched off, so that nothing
// is spent on the others.
func (m Modes) Active(set *rule.Set) *rule.Set {
	return set.Filter(func(r *rule.Rule) bool {
		return slices.ContainsFunc(r.Entrypoints, func(e rule.Entrypoint) bool {
			return m.Resolve(r, e.Mode) != finding.Off
		})
	})
}

// Unmatched returns the names in ByRule that match no rule of a set: most
// likely typing errors.
func (m Modes) Unmatched(set *rule.Set) []string {
	var unmatched []string
	for _, byRule := range m.ByRule {
		if !slices.ContainsFunc(set.Rules(), func(r *rule.Rule) bool {
			matched, _ := path.Match(byRule.Rule, r.ID)
			return matched
		}) {
			unmatched = append(unmatched, byRule.Rule)
		}
	}
	return unmatched
}

// Reviewer judges resources. It is immutable and safe for concurrent use.
type Reviewer struct {
	engine *engine.Engine
	modes  Modes
}

// New returns a reviewer of an engine's rules.
func New(engine *engine.Engine, modes Modes) *Reviewer {
	return &Reviewer{engine: engine, modes: modes}
}

// ErrObject says that the object itself cannot be judged.
var ErrObject = errors.New("the object cannot be parsed")

// Revision identifies the rules that resources are judged by.
func (r *Reviewer) Revision() string { return r.engine.Set().Revision() }

// Judges tells whether a resource of this kind could have findings; when not,
// Review need not be called.
func (r *Reviewer) Judges(res *resource.Resource) bool {
	return r.engine.Judges(res.GroupKind(), scope(res))
}

// Review judges a resource. Findings of mode off are dropped. It fails with
// ErrObject only; rules that cannot answer are in the verdict's errors.
func (r *Reviewer) Review(ctx context.Context, res *resource.Resource) (finding.Verdict, error) {
	matches, failures, err := r.engine.Evaluate(ctx, res, scope(res))
	if err != nil {
		return finding.Verdict{}, fmt.Errorf("%w: %w", ErrObject, err)
	}
	verdict := finding.Verdict{Resource: res, Errors: failures}
	if len(matches) > 0 {
		verdict.Findings = make([]finding.Finding, 0, len(matches))
	}
	for _, match := range matches {
		mode := r.modes.Resolve(match.Rule, match.Mode)
		if mode == finding.Off {
			continue
		}
		verdict.Findings = append(verdict.Findings, finding.Finding{
			Rule:        match.Rule.ID,
			Severity:    match.Rule.Severity,
			Mode:        mode,
			Resource:    res.Identity,
			Container:   match.Container,
			Path:        match.Path,
			Message:     match.Message,
			Remediation: match.Rule.Remediation,
			Source:      res.Source,
		})
	}
	finding.Sort(verdict.Findings)
	return verdict, nil
}

// scope chooses the rules to ask. What a workload's controller made in the
// cluster is not reported a second time in a scan.
func scope(res *resource.Resource) engine.Scope {
	if res.Operation != resource.Scan {
		return engine.Admission
	}
	if res.Owner != nil {
		if _, isWorkload := resource.TemplatePath(res.Owner.GroupKind); isWorkload {
			return engine.ScanOwned
		}
	}
	return engine.Scan
}
