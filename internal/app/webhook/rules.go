package webhook

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrladmission "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kubereeve/reeve/internal/admission"
	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/app/follow"
	"github.com/kubereeve/reeve/internal/app/webhook/selfcheck"
	"github.com/kubereeve/reeve/internal/config/v1alpha1"
	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
)

// rules loads what requests are judged by, at the start and whenever it changes.
type rules struct {
	options    Options
	objects    *engine.Inventory
	inventory  *inventory
	exceptions review.ExceptionSource
	recorder   recorder
	log        logr.Logger

	follower *follow.Follower
	coverage *coverage
}

// load reads and compiles the rules.
func (r *rules) load(ctx context.Context) (*app.State, error) {
	options := r.options.Rules
	options.OnError = v1alpha1.OnError(r.options.OnError)
	if err := r.follower.Ready(ctx, &options); err != nil {
		return nil, err
	}
	loaded, err := options.Load()
	if err != nil {
		return nil, err
	}
	canary, err := selfcheck.Rule()
	if err != nil {
		return nil, err
	}
	loaded.Apart = []rule.File{canary}
	reviewer, err := loaded.Reviewer(engine.Options{
		CacheSize: r.options.CacheSize,
		Deadline:  r.options.Deadline,
		Inventory: r.objects,
		Recorder:  r.recorder,
	})
	if err != nil {
		return nil, fmt.Errorf("compile the rules: %w", err)
	}
	state := &app.State{Reviewer: reviewer.Excepting(r.exceptions), Rules: loaded, Configuration: loaded.Configuration.Revision()}
	if len(admissionRules(state).Rules()) == 0 {
		return nil, errors.New("no rule is left that judges admissions; see --rules, --select, --skip and --mode, and the rule files that were left out")
	}
	return state, nil
}

// begin loads the rules and returns the holder of what requests are judged by,
// together with what keeps it up to date and tells of it.
func (r *rules) begin(ctx context.Context, config *rest.Config) (*app.Live, []manager.Runnable, error) {
	events := r.recorder.events
	r.follower = follow.New(ctx, config, r.options.Follow, events, r.log)
	live, err := r.beginLive(ctx)
	if err != nil {
		return nil, nil, err
	}
	if r.coverage, err = newCoverage(config, r.options.WebhookConfiguration, live, r.recorder.registry, r.log.WithName("coverage")); err != nil {
		return nil, nil, err
	}
	return live, []manager.Runnable{live, r.follower, events, r.coverage}, nil
}

// beginLive loads the rules for the first time.
func (r *rules) beginLive(ctx context.Context) (*app.Live, error) {
	live, err := r.follower.Begin(ctx, app.LiveOptions{
		Load:   r.load,
		Strict: r.options.Strict,
		Prepare: func(ctx context.Context, state *app.State) error {
			r.inventory.need(ctx, admissionRules(state).Needs())
			return nil
		},
		Log: r.log,
	})
	if err != nil {
		return nil, err
	}
	r.count(live.Current())
	live.Observe(func(reload app.Reload) {
		r.recorder.RulesReloaded(reload.Result)
		r.recorder.registry.SetRulesProblem(reload.RulesProblem())
		if reload.Result == app.ReloadSwapped {
			r.count(reload.Now)
			r.inventory.keep(admissionRules(reload.Now).Needs())
		}
		r.recorder.registry.SetConfigurationProblem(reload.ConfigProblem())
	})
	app.RecordConfig(live, r.recorder)
	return live, nil
}

// count records which rules there are and which files are left out.
func (r *rules) count(state *app.State) {
	rules, revision := len(admissionRules(state).Rules()), state.Reviewer.Revision()
	r.recorder.RulesLoaded(rules, len(state.Rules.Problems))
	r.recorder.RuleFileProblems(state.Rules.ProblemFiles())
	r.recorder.RuleSet(revision)
	r.recorder.registry.SetRules(revision, rules, state.Rules.Problems)
	r.recorder.registry.SetConfiguration(state.Configuration)
}

// admissionRules returns the rules of a state that judge admissions.
func admissionRules(state *app.State) *rule.Set {
	return state.Rules.Set.Filter(func(r *rule.Rule) bool { return r.At(finding.DoorAdmission) })
}

// door answers each request by the state of the moment it comes in, from its
// first question to its report.
type door struct {
	live    *app.Live
	options admission.Options // Reviewer is filled in
}

// Handle answers one request.
func (d door) Handle(ctx context.Context, request ctrladmission.Request) ctrladmission.Response {
	options := d.options
	options.Reviewer = selfcheck.Guard{Reviewer: d.live.Current().Reviewer}
	return admission.NewHandler(options).Handle(ctx, request)
}
