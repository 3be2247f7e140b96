package status

import (
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/version"
)

// The bounds of what a state says, so that its size does not depend on what users
// do.
const (
	maxProblems = 100
	maxReason   = 512 // bytes of one reason
)

// Registry holds the state of a replica. Whoever loads or checks something tells
// it, and it answers with a copy. It is safe for concurrent use.
type Registry struct {
	now func() time.Time

	mu    sync.Mutex
	state State
	ready func() error
}

// NewRegistry returns the registry of a program.
func NewRegistry(program string) *Registry { return newRegistry(program, time.Now) }

func newRegistry(program string, now func() time.Time) *Registry {
	replica, err := os.Hostname() // in a pod, its name
	if err != nil {
		replica = "unknown"
	}
	return &Registry{now: now, state: State{
		Program:  program,
		Version:  version.String(),
		Replica:  replica,
		Started:  now(),
		Rules:    Rules{OverBudget: make(map[string]OverBudget)},
		FailOpen: make(map[string]Count),
		Problems: make(map[string]string),
	}}
}

// State returns a copy of the state of this moment.
func (r *Registry) State() State {
	r.mu.Lock()
	state, ready := r.state, r.ready
	state.FailOpen, state.Problems = maps.Clone(state.FailOpen), maps.Clone(state.Problems)
	state.Rules.LeftOut, state.Rules.OverBudget = slices.Clone(state.Rules.LeftOut), maps.Clone(state.Rules.OverBudget)
	if state.Exceptions != nil {
		exceptions := *state.Exceptions
		state.Exceptions = &exceptions
	}
	r.mu.Unlock()
	state.Time = r.now()
	if ready != nil { // which may ask in turn what is registered here
		if err := ready(); err != nil {
			state.NotReady = cut(err.Error())
		}
	}
	return state
}

// change changes the state.
func (r *Registry) change(change func(state *State)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.state)
}

// SetReady gives the function that says why the replica is not ready.
func (r *Registry) SetReady(ready func() error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ready = ready
}

// SetRules records the rules that judge from now on, and the files left out of
// them.
func (r *Registry) SetRules(revision string, count int, problems []*rule.Problem) {
	leftOut := make([]LeftOut, 0, min(len(problems), maxProblems))
	for _, problem := range problems[:min(len(problems), maxProblems)] {
		leftOut = append(leftOut, LeftOut{File: cut(problem.File), Line: problem.Line, Reason: cut(problem.Message)})
	}
	r.change(func(state *State) {
		state.Rules.Revision, state.Rules.Count, state.Rules.Loaded = revision, count, r.now()
		state.Rules.LeftOut, state.Rules.LeftOutTotal = leftOut, len(problems)
		state.Rules.Problem = ""
	})
}

// SetRulesProblem records why the rules could not be loaded anew; nil says that
// they could.
func (r *Registry) SetRulesProblem(problem error) {
	r.change(func(state *State) { state.Rules.Problem = reason(problem) })
}

// RuleOverBudget counts an evaluation in which a rule took more time than it may.
func (r *Registry) RuleOverBudget(rule string, took time.Duration) {
	r.change(func(state *State) {
		before, known := state.Rules.OverBudget[rule]
		if !known && len(state.Rules.OverBudget) >= maxProblems {
			return
		}
		state.Rules.OverBudget[rule] = OverBudget{
			Count:          Count{Total: before.Total + 1, Last: r.now()},
			LongestSeconds: max(before.LongestSeconds, took.Seconds()),
		}
	})
}

// SetConfiguration records the configuration in force.
func (r *Registry) SetConfiguration(revision string) {
	r.change(func(state *State) { state.Configuration = Configuration{Revision: revision, Loaded: r.now()} })
}

// SetConfigurationProblem records why a newer configuration was refused; nil says
// that there is none.
func (r *Registry) SetConfigurationProblem(problem error) {
	r.change(func(state *State) { state.Configuration.Problem = reason(problem) })
}

// SetCertificate records when the serving certificate is valid.
func (r *Registry) SetCertificate(notBefore, notAfter time.Time) {
	r.change(func(state *State) { state.Certificate = Certificate{NotBefore: notBefore, NotAfter: notAfter} })
}

// SetSelfCheck records how the self-check went.
func (r *Registry) SetSelfCheck(check SelfCheck) {
	check.Problem = cut(check.Problem)
	r.change(func(state *State) { state.SelfCheck = check })
}

// SetExceptions records the exceptions that are known.
func (r *Registry) SetExceptions(exceptions Exceptions) {
	exceptions.Problem = cut(exceptions.Problem)
	r.change(func(state *State) { state.Exceptions = &exceptions })
}

// SetProblem records what is wrong with some part of the program that has no
// place of its own here; nil says that it is well again.
func (r *Registry) SetProblem(part string, problem error) {
	r.change(func(state *State) {
		delete(state.Problems, part)
		if problem != nil && len(state.Problems) < maxProblems {
			state.Problems[part] = reason(problem)
		}
	})
}

// FailedOpen counts a request that passed although something could not be judged.
// Causes are few.
func (r *Registry) FailedOpen(cause string) {
	r.change(func(state *State) {
		state.FailOpen[cause] = Count{Total: state.FailOpen[cause].Total + 1, Last: r.now()}
	})
}

// reason returns the bounded text of an error, or nothing for none.
func reason(err error) string {
	if err == nil {
		return ""
	}
	return cut(err.Error())
}

// cut bounds a text.
func cut(text string) string {
	if len(text) <= maxReason {
		return text
	}
	return strings.ToValidUTF8(text[:maxReason], "") + "..."
}
