package review

import (
	"context"
	"strings"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
)

// place is where a rule is violated.
type place struct{ rule, container, path string }

// placeOf returns where a violation is. A container is known by its name, so its
// number in the list, which changes when others come and go, is left out.
func placeOf(rule, container, path string) place {
	const list = "ontainers["
	if container != "" {
		if before, rest, found := strings.Cut(path, list); found {
			if _, after, closed := strings.Cut(rest, "]"); closed {
				path = before + list + "]" + after
			}
		}
	}
	return place{rule, container, path}
}

// soften turns denials of an update into warnings where the object violated the
// same rule in the same place before. The old object is judged only when there is
// something to soften. What could not be judged of it counts as not having been
// there, and is in the verdict's errors.
func (r *Reviewer) soften(ctx context.Context, verdict *finding.Verdict) {
	res := verdict.Resource
	if res.Operation != resource.Update || len(res.OldObject) == 0 {
		return
	}
	denying := make(map[string]bool)
	for i := range verdict.Findings {
		if f := &verdict.Findings[i]; f.Mode == finding.Deny {
			denying[f.Rule] = true
		}
	}
	if len(denying) == 0 {
		return
	}
	old := *res
	old.Object, old.OldObject = res.OldObject, nil
	matches, failures, err := r.engine.Evaluate(ctx, &old, scope(&old))
	if err != nil {
		failures = []finding.RuleError{{Cause: finding.CauseInput, Message: "the object before the update: " + err.Error()}}
	}
	for _, failure := range failures {
		if denying[failure.Rule] || failure.Rule == "" {
			failure.Before = true
			verdict.Errors = append(verdict.Errors, failure)
		}
	}
	before := make(map[place][]string)
	for _, match := range matches {
		if denying[match.Rule.ID] {
			at := placeOf(match.Rule.ID, match.Container, match.Path)
			before[at] = append(before[at], match.Message)
		}
	}
	softenFindings(verdict.Findings, before)
}

// softenFindings softens findings that the messages of old ones account for, each
// for one. Equal messages go together first: where an object violated a rule
// once and now does so twice in the same place, the new one stays a denial.
func softenFindings(findings []finding.Finding, before map[place][]string) {
	for _, exactly := range []bool{true, false} {
		for i := range findings {
			f := &findings[i]
			if f.Mode != finding.Deny {
				continue
			}
			at := placeOf(f.Rule, f.Container, f.Path)
			for n, message := range before[at] {
				if message == f.Message || !exactly {
					before[at] = append(before[at][:n:n], before[at][n+1:]...)
					f.Mode, f.Existing = finding.Warn, true
					break
				}
			}
		}
	}
}
