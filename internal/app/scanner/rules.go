package scanner

import (
	"context"
	"errors"
	"time"

	"github.com/go-logr/logr"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/app/follow"
	"github.com/kubereeve/reeve/internal/app/podevent"
	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/scan"
	"github.com/kubereeve/reeve/internal/sink/metric"
)

// recorder counts in the metrics, and tells the pod's Events what somebody should
// mend.
type recorder struct {
	*metric.Metrics
	events *podevent.Recorder // nil outside of a pod
}

// RuleOverBudget counts an evaluation in which a rule took more time than it may.
func (r recorder) RuleOverBudget(rule string, took time.Duration) {
	r.Metrics.RuleOverBudget(rule, took)
	r.events.RuleOverBudget(rule, took)
}

// beginRules loads the rules and returns the holder of what objects are judged
// by.
func beginRules(ctx context.Context, options Options, follower *follow.Follower, inventory *engine.Inventory, excepted review.ExceptionSource, metrics recorder, log logr.Logger) (*app.Live, error) {
	live, err := follower.Begin(ctx, app.LiveOptions{
		Load: func(ctx context.Context) (*app.State, error) {
			wanted := options.Rules
			if err := follower.Ready(ctx, &wanted); err != nil {
				return nil, err
			}
			rules, err := wanted.Load()
			if err != nil {
				return nil, err
			}
			reviewer, err := rules.Reviewer(engine.Options{Inventory: inventory, Recorder: metrics, Deadline: app.ScanDeadline})
			if err != nil {
				return nil, err
			}
			if len(rules.Set.Rules()) == 0 {
				return nil, errors.New("no rules are left to judge by; see --select, --skip, --mode and the rule files that were left out")
			}
			return &app.State{Reviewer: reviewer.Excepting(excepted), Rules: rules, Configuration: rules.Configuration.Revision()}, nil
		},
		Strict: options.Strict,
		Log:    log,
	})
	if err != nil {
		return nil, err
	}
	count := func(state *app.State) {
		metrics.RulesLoaded(len(state.Rules.Set.Rules()), len(state.Rules.Problems))
		metrics.RuleFileProblems(state.Rules.ProblemFiles())
		metrics.RuleSet(state.Reviewer.Revision())
	}
	count(live.Current())
	live.Observe(func(reload app.Reload) {
		metrics.RulesReloaded(reload.Result)
		if reload.Result == app.ReloadSwapped {
			count(reload.Now)
		}
	})
	app.RecordConfig(live, metrics.Metrics)
	return live, nil
}

// livePasses makes each pass by the state that is current at its beginning: a pass is
// never judged half by one set of rules and half by another.
type livePasses struct {
	live       *app.Live
	exceptions *exceptions
	scanner    *scan.Scanner
	used       *app.State
}

// newLivePasses returns the passes of a scanner. Reviewer, Kinds and Needs of the
// options are filled in.
func newLivePasses(live *app.Live, exceptions *exceptions, options scan.Options) *livePasses {
	return &livePasses{live: live, exceptions: exceptions, scanner: scan.New(options)}
}

// Pass makes a pass, once it is known what is excepted.
func (p *livePasses) Pass(ctx context.Context) (finding.Pass, error) {
	if err := p.exceptions.wait(ctx); err != nil {
		return finding.Pass{}, err
	}
	if state := p.live.Current(); state != p.used {
		p.scanner.Use(state.Reviewer, state.Rules.Set.Kinds(), state.Rules.Set.Needs())
		p.used = state
	}
	return p.scanner.Pass(ctx)
}
