package gatekeeper

import (
	"slices"
	"strings"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/rule"
)

// Action is what a violation of a constraint does.
type Action string

// The actions that Gatekeeper knows.
const (
	ActionDeny   Action = "deny"
	ActionWarn   Action = "warn"
	ActionDryRun Action = "dryrun"
	actionScoped Action = "scoped"
)

// actions are those that do something by themselves, the mildest first.
var actions = []Action{ActionDryRun, ActionWarn, ActionDeny}

// mode returns what Reeve calls an action.
func (a Action) mode() finding.Mode {
	switch a {
	case ActionDeny:
		return finding.Deny
	case ActionWarn:
		return finding.Warn
	}
	return finding.Audit
}

// Point is a place at which constraints are enforced.
type Point string

// The enforcement points. Others, as vap.k8s.io, are none of Reeve's.
const (
	PointAdmission Point = "validation.gatekeeper.sh"
	PointAudit     Point = "audit.gatekeeper.sh"
	PointGator     Point = "gator.gatekeeper.sh"
	pointAny       Point = "*"
)

// points are the places that Reeve serves.
var points = []Point{PointAdmission, PointAudit, PointGator}

// scopedAction is one of spec.scopedEnforcementActions.
type scopedAction struct {
	Action            Action `json:"action"`
	EnforcementPoints []struct {
		Name Point `json:"name"`
	} `json:"enforcementPoints"`
}

// readActions returns what violations of a constraint do at each enforcement
// point, and nothing for points at which it is not enforced. Of several actions
// at one point the strictest counts.
func readActions(document *Document, action Action, scoped []scopedAction) (map[Point]Action, *rule.Problem) {
	byPoint := make(map[Point]Action)
	if action == "" {
		action = ActionDeny
	}
	if action != actionScoped {
		if !slices.Contains(actions, action) {
			return nil, document.problem("spec.enforcementAction", "%q is not an action; use deny, warn, dryrun or scoped", action)
		}
		for _, point := range points {
			byPoint[point] = action
		}
		return byPoint, nil
	}
	if len(scoped) == 0 {
		return nil, document.problem("spec.scopedEnforcementActions", "enforcementAction is scoped, and this says of no enforcement point what to do there; write action and enforcementPoints")
	}
	for i, entry := range scoped {
		at := "spec.scopedEnforcementActions" + step(stringOf(i))
		entry.Action = Action(strings.ToLower(string(entry.Action)))
		if !slices.Contains(actions, entry.Action) {
			return nil, document.problem(at+".action", "%q is not an action; use deny, warn or dryrun", entry.Action)
		}
		for _, enforcement := range entry.EnforcementPoints {
			for _, point := range points {
				if enforcement.Name == point || enforcement.Name == pointAny {
					byPoint[point] = stricter(byPoint[point], entry.Action)
				}
			}
		}
	}
	return byPoint, nil
}

// stricter returns the stricter of two actions, the first of which may be none.
func stricter(a, b Action) Action {
	if slices.Index(actions, a) > slices.Index(actions, b) {
		return a
	}
	return b
}
