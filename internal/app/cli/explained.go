package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/kubereeve/reeve/api/v1alpha1"
	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
)

// explained is what reeve rules explain tells.
type explained struct {
	Rule      string             `json:"rule"`
	Kind      string             `json:"kind"`
	Namespace string             `json:"namespace"`
	Operation resource.Operation `json:"operation"`
	User      string             `json:"user"`
	// Labels are those of the namespace; null when nobody knows them.
	Labels     map[string]string   `json:"namespaceLabels"`
	Outcomes   []explainedOutcome  `json:"outcomes"`
	Exceptions []explainedExcepted `json:"exceptions"`
	// NotExceptable says why no exception can cover the rule there.
	NotExceptable string `json:"notExceptable,omitempty"`
	// OnError is what happens to a request that the rule cannot judge: deny or
	// allow.
	OnError string `json:"onError"`
}

// explainedOutcome is what comes of one default mode of a rule: its own, or that
// of an entry point with another one.
type explainedOutcome struct {
	Entrypoint string          `json:"entrypoint,omitempty"` // empty when all are alike
	Mode       finding.Mode    `json:"mode"`
	DecidedBy  string          `json:"decidedBy"`
	Note       string          `json:"note,omitempty"`
	Steps      []explainedStep `json:"steps"`
}

type explainedStep struct {
	Name    string       `json:"name"`
	Mode    finding.Mode `json:"mode"`
	Counts  bool         `json:"counts"`
	Decides bool         `json:"decides"`
	Why     string       `json:"why,omitempty"`
}

// explainedExcepted is an exception in the namespace that names the rule.
type explainedExcepted struct {
	Name    string `json:"name"`
	Counts  bool   `json:"counts"`
	Message string `json:"message"`
	Reason  string `json:"reason"`
}

// newExplained puts together what decides on a rule's findings.
func newExplained(set *rule.Set, r *rule.Rule, res *resource.Resource, policy *review.Policy, around *surroundings) *explained {
	e := &explained{
		Rule: r.ID, Kind: res.GroupKind().String(), Namespace: res.Identity.Namespace, Operation: res.Operation,
		Labels: around.labels, Exceptions: []explainedExcepted{}, OnError: "allow",
	}
	if res.GroupKind() == namespaceKind {
		e.Namespace = res.Name
	}
	if res.User != nil {
		e.User = res.User.Name
	}
	known := make(map[finding.Mode]bool)
	for _, entrypoint := range r.Entrypoints {
		if known[entrypoint.Mode] {
			continue
		}
		known[entrypoint.Mode] = true
		explanation := policy.Explain(r, entrypoint.Mode, res)
		outcome := explainedOutcome{Entrypoint: entrypoint.Name, Mode: explanation.Decision.Mode, DecidedBy: explanation.Decision.By, Note: explanation.Decision.Note}
		for _, step := range explanation.Steps {
			outcome.Steps = append(outcome.Steps, explainedStep(step))
		}
		e.Outcomes = append(e.Outcomes, outcome)
		if explanation.DenyOnError {
			e.OnError = "deny"
		}
		switch {
		case res.EffectiveNamespace() == "":
			e.NotExceptable = "the object is in no namespace"
		case explanation.Protected:
			e.NotExceptable = "the namespace is protected"
		case !explanation.Exceptable:
			e.NotExceptable = "the configuration does not allow it"
		}
	}
	if len(e.Outcomes) == 1 {
		e.Outcomes[0].Entrypoint = ""
	}
	alone := set.Filter(func(other *rule.Rule) bool { return other.ID == r.ID })
	for _, exception := range around.exceptions.All() {
		if exception.Namespace == res.EffectiveNamespace() && exception.Names(r) {
			reason, message := policy.Effect(*exception, alone)
			e.Exceptions = append(e.Exceptions, explainedExcepted{exception.Name, reason == v1alpha1.ReasonInForce, message, exception.Reason})
		}
	}
	return e
}

// explain writes an explanation for people.
func (l look) explain(w io.Writer, e *explained) error {
	var out strings.Builder
	for _, outcome := range e.Outcomes {
		name := e.Rule
		if outcome.Entrypoint != "" {
			name += " (" + outcome.Entrypoint + ")"
		}
		fmt.Fprintf(&out, "%s: %s %s\n", l.Paint(terminal.Bold, name), l.Paint(terminal.Bold, outcome.Mode.String()), e.where())
		for _, step := range outcome.Steps {
			l.step(&out, step)
		}
		if outcome.Note != "" {
			out.WriteString(terminal.Indented("  ", terminal.Wrap(terminal.Clean(outcome.Note), l.Width-2)))
		}
	}
	if e.Namespace != "" && e.Labels == nil {
		out.WriteString(terminal.Indented("", terminal.Wrap("The labels of the namespace are not known; name a kubeconfig with --kubeconfig, manifests with -f, or the labels with --namespace-labels.", l.Width)))
	}
	fmt.Fprintf(&out, "A request that the rule cannot judge: %s\n", map[string]string{"allow": "passes with a warning", "deny": "is refused"}[e.OnError])
	switch {
	case e.NotExceptable != "":
		fmt.Fprintf(&out, "Exceptions: none can cover it, %s\n", e.NotExceptable)
	case len(e.Exceptions) == 0:
		out.WriteString("Exceptions: none is known\n")
	default:
		out.WriteString("Exceptions:\n")
	}
	for _, exception := range e.Exceptions {
		out.WriteString(terminal.Indented("  ", terminal.Wrap(terminal.Clean(exception.Name+": "+exception.Message+"; reason: "+exception.Reason), l.Width-2)))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// step writes one line: the mode, what says so, and a mark at the one that
// decides.
func (l look) step(out *strings.Builder, step explainedStep) {
	mark := "  "
	if step.Decides {
		mark = "> "
	}
	line := mark + terminal.Pad(step.Mode.String(), 5) + "  " + terminal.Clean(step.Name)
	if step.Why != "" {
		line += " (" + terminal.Clean(step.Why) + ")"
	}
	switch {
	case step.Decides:
		line = l.Paint(terminal.Bold, line)
	case !step.Counts:
		line = l.Paint(terminal.Faint, line)
	}
	out.WriteString(line + "\n")
}

// where says what the explanation is about.
func (e *explained) where() string {
	text := "for " + e.Kind
	if e.Namespace != "" {
		text += " in namespace " + terminal.Clean(e.Namespace)
	}
	text += ", operation " + string(e.Operation)
	if e.User != "" {
		text += ", user " + terminal.Clean(e.User)
	}
	return text
}
