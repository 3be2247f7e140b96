package gatekeeper

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

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

// The enforcement points.
const (
	PointAdmission Point = "validation.gatekeeper.sh"
	PointAudit     Point = "audit.gatekeeper.sh"
	PointGator     Point = "gator.gatekeeper.sh"
	pointPolicy    Point = "vap.k8s.io" // none of Reeve's
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

// scopedAt is where a constraint says what violations do at each enforcement point.
const scopedAt = "spec.scopedEnforcementActions"

// readActions returns what violations of a constraint do at each enforcement
// point, and nothing for points at which it is not enforced. Of several actions
// at one point the strictest counts.
func readActions(document *Document, action Action, raw jsontext.Value) (map[Point]Action, *rule.Problem) {
	var scoped []scopedAction
	if problem := document.decode(raw, scopedAt, &scoped, true); problem != nil {
		return nil, problem
	}
	if action == "" {
		action = ActionDeny
	}
	if action == actionScoped {
		return readScoped(document, scoped)
	}
	if !slices.Contains(actions, action) && !document.suite {
		return nil, document.problem("spec.enforcementAction", "%q is not an action; use deny, warn, dryrun or scoped", action)
	}
	byPoint := make(map[Point]Action)
	for _, point := range points {
		byPoint[point] = action
	}
	return byPoint, nil
}

// readScoped returns what the scoped actions are at each enforcement point.
func readScoped(document *Document, scoped []scopedAction) (map[Point]Action, *rule.Problem) {
	if len(scoped) == 0 {
		return nil, document.problem(scopedAt, "enforcementAction is scoped, and this says of no enforcement point what to do there; write action and enforcementPoints")
	}
	byPoint := make(map[Point]Action)
	for i, entry := range scoped {
		at := scopedAt + step(stringOf(i))
		entry.Action = Action(strings.ToLower(string(entry.Action)))
		if problem := entry.check(document, at); problem != nil && !document.suite {
			return nil, problem
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

// check refuses what Gatekeeper's webhook refuses: the constraint would be enforced
// nowhere, and nobody would miss it.
func (a *scopedAction) check(document *Document, at string) *rule.Problem {
	if !slices.Contains(actions, a.Action) {
		return document.problem(at+".action", "%q is not an action; use deny, warn or dryrun", a.Action)
	}
	if len(a.EnforcementPoints) == 0 {
		return document.problem(at+".enforcementPoints", "there is none; name validation.gatekeeper.sh, audit.gatekeeper.sh or \"*\"")
	}
	for i, point := range a.EnforcementPoints {
		if !slices.Contains(points, point.Name) && point.Name != pointAny && point.Name != pointPolicy {
			return document.problem(at+".enforcementPoints"+step(stringOf(i))+".name", "%q is not an enforcement point; use %s, %s or \"*\"", point.Name, PointAdmission, PointAudit)
		}
	}
	return nil
}

// stricter returns the stricter of two actions, the first of which may be none.
func stricter(a, b Action) Action {
	if slices.Index(actions, a) > slices.Index(actions, b) {
		return a
	}
	return b
}
