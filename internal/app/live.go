package app

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
)

// State is everything a program judges by at one moment. It is immutable and
// replaced as a whole, so that nothing is ever judged by the rules of one load
// and the configuration of another.
type State struct {
	Reviewer *review.Reviewer
	Rules    *Rules
	// Configuration identifies the configuration the rules were loaded with:
	// equal text means equal configuration. Empty where there is none.
	Configuration string
}

// same tells whether two states judge alike and complain alike.
func (s *State) same(other *State) bool {
	if s.Reviewer.Revision() != other.Reviewer.Revision() || s.Configuration != other.Configuration || len(s.Rules.Problems) != len(other.Rules.Problems) {
		return false
	}
	for i, problem := range s.Rules.Problems {
		if *problem != *other.Rules.Problems[i] {
			return false
		}
	}
	return true
}

// The results of a reload, as metrics name them.
const (
	// ReloadSwapped says that a new state has taken over.
	ReloadSwapped = "swapped"
	// ReloadUnchanged says that what was read is what was there.
	ReloadUnchanged = "unchanged"
	// ReloadFailed says that the state before stays.
	ReloadFailed = "failed"
)

// Reload is what came of one attempt to read configuration and rules anew.
type Reload struct {
	// Reason says what gave cause, as in "rules directory /rules changed".
	Reason string
	// Result is one of the Reload constants.
	Result string
	// Err says why a reload failed.
	Err error
	// Before is the state until now, Now the one from now on; the same where
	// nothing has changed.
	Before, Now *State
	Time        time.Time
	Took        time.Duration
}

// LiveOptions say how a program keeps its state up to date. Load must be given.
type LiveOptions struct {
	// Load reads configuration and rules and compiles them.
	Load func(ctx context.Context) (*State, error)
	// Strict keeps the state before when a new one has problems, instead of
	// leaving the bad files out.
	Strict bool
	// Prepare gets what a new state needs before it takes over, as the watches of
	// its inventory. It bounds its own waiting; an error keeps the state before.
	// Nil prepares nothing.
	Prepare func(ctx context.Context, state *State) error
	// Quiet is how long nothing must change before a reload; 0 means
	// DefaultQuiet. A volume or an editor changes several files in a row.
	Quiet time.Duration
	Log   logr.Logger
}

// DefaultQuiet is how long nothing must change before a reload.
const DefaultQuiet = 300 * time.Millisecond

// maxQuiet is how many quiet periods a reload waits at most while changes go on.
const maxQuiet = 10

// Live holds the state that a program judges by, and replaces it while the
// program runs. What has begun is finished with the state it began with. It is
// safe for concurrent use.
type Live struct {
	options LiveOptions
	current atomic.Pointer[State]
	reasons chan string

	reloading sync.Mutex // one reload at a time
	observers []func(Reload)
}

// NewLive returns the holder of a first state.
func NewLive(first *State, options LiveOptions) *Live {
	if options.Quiet == 0 {
		options.Quiet = DefaultQuiet
	}
	live := &Live{options: options, reasons: make(chan string, 1)}
	live.current.Store(first)
	return live
}

// Begin loads the first state and returns its holder. It fails when there are no
// rules to begin with, or with Strict when a file has problems.
func Begin(ctx context.Context, options LiveOptions) (*Live, error) {
	live := NewLive(nil, options)
	first, err := live.build(ctx)
	if err != nil {
		return nil, err
	}
	LogProblems(options.Log, nil, first.Rules.Problems)
	logPassedOver(options.Log, nil, first.Rules.PassedOver)
	logUnmatched(options.Log, nil, first.Rules.Unmatched)
	options.Log.Info("rules compiled", "configuration", first.Configuration, "rules", len(first.Rules.Set.Rules()), "revision", first.Reviewer.Revision(), "filesLeftOut", len(first.Rules.Problems))
	live.current.Store(first)
	return live, nil
}

// Current returns the state of the moment. Whoever asks several questions about
// one thing asks all of them of one state.
func (l *Live) Current() *State { return l.current.Load() }

// Revision identifies the rules of the moment.
func (l *Live) Revision() string { return l.Current().Reviewer.Revision() }

// Judges tells whether a resource of this kind could have findings now.
func (l *Live) Judges(res *resource.Resource) bool { return l.Current().Reviewer.Judges(res) }

// Review judges a resource by the state of the moment; see review.Reviewer.
func (l *Live) Review(ctx context.Context, res *resource.Resource) (finding.Verdict, error) {
	return l.Current().Reviewer.Review(ctx, res)
}

// Observe has every later reload told to a function, in order, once it is over.
// The function must not wait.
func (l *Live) Observe(observer func(Reload)) {
	l.reloading.Lock()
	defer l.reloading.Unlock()
	l.observers = append(l.observers, observer)
}

// Trigger asks for a reload and returns at once. Start makes it when things have
// been quiet for a while; what is asked for meanwhile is one reload.
func (l *Live) Trigger(reason string) {
	select {
	case l.reasons <- reason:
	default: // one is asked for already
	}
}

// Start makes the reloads that Trigger asks for, until ctx ends. It is a Runnable
// of controller-runtime's manager and never fails.
func (l *Live) Start(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case reason := <-l.reasons:
			if !l.settle(ctx) {
				return nil
			}
			_ = l.Rebuild(ctx, reason) // logged, and told to the observers
		}
	}
}

// NeedLeaderElection is false: every replica keeps up to date.
func (l *Live) NeedLeaderElection() bool { return false }

// settle waits until nothing has been asked for during the quiet period, or for
// so long that it is time all the same. It returns false when ctx ended.
func (l *Live) settle(ctx context.Context) bool {
	for range maxQuiet {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(l.options.Quiet):
		}
		select {
		case <-l.reasons:
		default:
			return true
		}
	}
	return true
}

// Rebuild reads configuration and rules now and replaces the state. When it
// fails, the state before stays, and the error says why. Reloads are made one
// after the other.
func (l *Live) Rebuild(ctx context.Context, reason string) error {
	l.reloading.Lock()
	defer l.reloading.Unlock()
	reload := Reload{Reason: reason, Before: l.Current(), Time: time.Now()}
	reload.Now, reload.Err = l.build(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err() // the program ends: nothing to report
	case reload.Err != nil:
		reload.Result, reload.Now = ReloadFailed, reload.Before
	case reload.Now.same(reload.Before):
		reload.Result, reload.Now = ReloadUnchanged, reload.Before
	default:
		reload.Result = ReloadSwapped
		l.current.Store(reload.Now)
	}
	reload.Took = time.Since(reload.Time)
	l.log(reload)
	for _, observer := range l.observers {
		observer(reload)
	}
	return reload.Err
}

// build returns a new state that is ready to take over. A panic over what people
// wrote must not end a program that works.
func (l *Live) build(ctx context.Context) (state *State, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			state, err = nil, fmt.Errorf("loading the rules panicked: %v; please report this", cause)
			l.options.Log.Error(err, "please report this", "stack", string(debug.Stack()))
		}
	}()
	state, err = l.options.Load(ctx)
	if err != nil {
		return nil, err
	}
	if problems := state.Rules.Problems; l.options.Strict && len(problems) > 0 {
		return nil, fmt.Errorf("--strict: %d rule files have problems, the first: %w; mend them, or start without --strict", len(problems), problems[0])
	}
	if before := l.Current(); l.options.Prepare != nil && (before == nil || !state.same(before)) {
		if err := l.options.Prepare(ctx, state); err != nil {
			return nil, err
		}
	}
	return state, nil
}

// log says what came of a reload, and which files are bad or mended since.
func (l *Live) log(reload Reload) {
	log := l.options.Log
	if reload.Result == ReloadFailed {
		logRefused(log, reload.Err)
		log.Error(summary(reload.Err), "the reload failed; the rules and the configuration from before stay", "reason", reload.Reason)
		return
	}
	LogProblems(log, reload.Before.Rules.Problems, reload.Now.Rules.Problems)
	logPassedOver(log, reload.Before.Rules.PassedOver, reload.Now.Rules.PassedOver)
	logUnmatched(log, reload.Before.Rules.Unmatched, reload.Now.Rules.Unmatched)
	if reload.Result == ReloadSwapped {
		log.Info("rules reloaded", "reason", reload.Reason, "rules", len(reload.Now.Rules.Set.Rules()), "filesLeftOut", len(reload.Now.Rules.Problems),
			"revision", reload.Now.Reviewer.Revision(), "before", reload.Before.Reviewer.Revision(), "configuration", reload.Now.Configuration, "took", reload.Took.Round(time.Millisecond).String())
	}
}

// LogProblems logs the problems of rule files that were not there before, and the
// files that have none any more.
func LogProblems(log logr.Logger, before, now []*rule.Problem) {
	for _, problem := range rule.AddedProblems(before, now) {
		log.Error(errors.New(problem.Message), "rule file left out", "file", problem.File, "line", problem.Line)
	}
	bad := make(map[string]bool, len(now))
	for _, problem := range now {
		bad[problem.File] = true
	}
	for _, problem := range before {
		if !bad[problem.File] {
			bad[problem.File] = true // say it once
			log.Info("rule file mended or removed", "file", problem.File)
		}
	}
}
