package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/app/cli/output"
	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
)

// rolloutStatus is how far one rule is in one rollout.
type rolloutStatus struct {
	Rollout string          `json:"rollout"`
	Rule    string          `json:"rule"`
	Stages  []rolloutStage  `json:"stages"`
	Hidden  int             `json:"hiddenByExceptions"`
	Next    *rolloutStageAt `json:"next"` // null when no stage is to come

	rule *rule.Rule
}

// rolloutStage is one stage. Several can be in force: each in its namespaces.
type rolloutStage struct {
	Mode       finding.Mode `json:"mode"`
	Namespaces string       `json:"namespaces"` // in words; empty for all
	From       time.Time    `json:"from,omitzero"`
	InForce    bool         `json:"inForce"`
	Violations int          `json:"violations"` // where the stage applies
	Objects    int          `json:"objects"`    // with these violations

	covers *review.Policy // warns of everything where the stage applies
}

type rolloutStageAt struct {
	Stage int       `json:"stage"`
	From  time.Time `json:"from"`
}

// rolloutsOf returns the rollouts of a configuration, a status for each of their
// rules.
func rolloutsOf(rules *app.Rules, set *rule.Set, now time.Time) ([]*rolloutStatus, error) {
	options, err := rules.Configuration.Policy()
	if err != nil {
		return nil, err
	}
	written := rules.Configuration.Complete
	entries := options.Entries[len(written.Modes):] // one for each stage, in order
	var statuses []*rolloutStatus
	for i, rollout := range written.Rollouts {
		stages, err := stagesOf(entries[:len(rollout.Stages)], now)
		if err != nil {
			return nil, err
		}
		selector := entries[0].Rules
		entries = entries[len(rollout.Stages):]
		name := rollout.Name
		if name == "" {
			name = fmt.Sprintf("rollouts[%d]", i)
		}
		for _, r := range set.Rules() {
			if !selector.Matches(r) {
				continue
			}
			status := &rolloutStatus{Rollout: name, Rule: r.ID, Stages: append([]rolloutStage{}, stages...), rule: r}
			for n, stage := range stages {
				if !stage.InForce && (status.Next == nil || stage.From.Before(status.Next.From)) {
					status.Next = &rolloutStageAt{n, stage.From}
				}
			}
			statuses = append(statuses, status)
		}
	}
	return statuses, nil
}

// stagesOf returns the stages that entries of a policy stand for.
func stagesOf(entries []review.Entry, now time.Time) ([]rolloutStage, error) {
	var stages []rolloutStage
	for _, entry := range entries {
		stage := rolloutStage{Mode: *entry.Mode, From: entry.From, InForce: !now.Before(entry.From), Namespaces: strings.Join(entry.Where.Namespaces, ", ")}
		if chosen := entry.Where.NamespaceLabels; chosen != nil && !chosen.Empty() {
			stage.Namespaces = strings.TrimPrefix(stage.Namespaces+" with "+chosen.String(), " ")
		}
		warn := finding.Warn
		var err error
		if stage.covers, err = review.NewPolicy(review.PolicyOptions{Entries: []review.Entry{{Name: entry.Name, Where: entry.Where, Mode: &warn}}}); err != nil {
			return nil, err
		}
		stages = append(stages, stage)
	}
	return stages, nil
}

// count adds the violations of one object.
func (s *rolloutStatus) count(verdict finding.Verdict) {
	violations := 0
	for i := range verdict.Findings {
		if verdict.Findings[i].Rule == s.Rule {
			violations++
		}
	}
	for i := range verdict.Excepted {
		if verdict.Excepted[i].Finding.Rule == s.Rule {
			s.Hidden++
		}
	}
	if violations == 0 {
		return
	}
	for i := range s.Stages {
		if stage := &s.Stages[i]; stage.covers.Resolve(s.rule, finding.Off, verdict.Resource).Mode != finding.Off {
			stage.Violations += violations
			stage.Objects++
		}
	}
}

// status runs reeve rollout status.
func (o *rolloutOptions) status(ctx context.Context, streams Streams, program string) error {
	if o.rules.Config == "" {
		return usageError("--config: name the configuration file whose rollouts are meant")
	}
	a := newAuditRun(&o.auditOptions, streams, program)
	// One mode for all: what is off now may have violations to come.
	a.auditOptions.rules.ModeFor = append(append([]string{}, a.auditOptions.rules.ModeFor...), "*="+finding.Audit.String())
	rules, err := loadRules(ctx, &a.auditOptions.rules, streams.Err)
	if err != nil {
		return err
	}
	statuses, err := rolloutsOf(rules, rules.Set, time.Now())
	if err != nil {
		return err
	}
	meant := make(map[string]bool)
	for _, status := range statuses {
		meant[status.Rule] = true
	}
	rules.Set, a.rules = rules.Set.Filter(func(r *rule.Rule) bool { return meant[r.ID] }), rules
	a.kept = func(verdict finding.Verdict) {
		for _, status := range statuses {
			status.count(verdict)
		}
	}
	if len(statuses) > 0 {
		if err := a.gather(ctx); err != nil {
			return err
		}
	}
	if o.output == output.JSON {
		err = output.EncodeJSON(streams.Out, append([]*rolloutStatus{}, statuses...))
	} else {
		err = look{terminal.NewLook(streams.Out, o.color, o.width)}.rollouts(streams.Out, statuses)
	}
	a.sayErrors()
	if err == nil && len(a.report.Failures) > 0 {
		return &failure{code: exitError}
	}
	return err
}

// rollouts writes how far rollouts are for people.
func (l look) rollouts(w io.Writer, statuses []*rolloutStatus) error {
	var out strings.Builder
	if len(statuses) == 0 {
		out.WriteString("The configuration has no rollouts of rules that are loaded.\n")
	}
	for _, s := range statuses {
		out.WriteString(l.Paint(terminal.Bold, s.Rule) + l.Paint(terminal.Faint, "  "+terminal.Clean(s.Rollout)) + "\n")
		for i, stage := range s.Stages {
			when := "in force"
			if !stage.InForce {
				when = "from " + stage.From.UTC().Format(time.RFC3339)
				if s.Next != nil && s.Next.Stage == i {
					when += " (next)"
				}
			}
			place := "everywhere"
			if stage.Namespaces != "" {
				place = "in namespaces " + stage.Namespaces
			}
			line := fmt.Sprintf("  stage %d: %s %s, %s: %s on %s", i, stage.Mode, terminal.Clean(place), when, terminal.Count(stage.Violations, "violation"), terminal.Count(stage.Objects, "object"))
			out.WriteString(terminal.Indented("", []string{line}))
		}
		if s.Hidden > 0 {
			fmt.Fprintf(&out, "  exceptions hide %s\n", terminal.Count(s.Hidden, "violation"))
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}
