package webhook

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubereeve/reeve/internal/admission"
	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/kube"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/sink"
	"github.com/kubereeve/reeve/internal/sink/metric"
	"github.com/kubereeve/reeve/internal/version"
)

// queueSize is how many reports may wait for the sinks.
const queueSize = 1024

// Run serves until ctx ends, and then drains: it says that it is not ready, goes
// on serving for the drain delay, and answers what it has begun. It returns nil
// after that, and an error when it cannot start or go on.
func Run(ctx context.Context, options Options, log logr.Logger) error {
	log.Info("starting", "version", version.String())
	registry := prometheus.NewRegistry()
	metrics := metric.New(registry)
	objects := engine.NewInventory()
	reviewer, needs, err := load(options, objects, metrics, log)
	if err != nil {
		return err
	}
	config, err := kube.Config(options.Kubeconfig)
	if err != nil {
		return err
	}
	namespaces := newNamespaces(log.WithName("namespaces"))
	queue := sink.NewQueue(queueSize, metrics, metrics, log.WithName("queue"))
	handler := admission.NewHandler(admission.Options{
		Reviewer:    reviewer,
		Namespaces:  namespaces,
		Sink:        queue,
		Recorder:    metrics,
		DenyOnError: options.OnError == onErrorDeny,
		Log:         log.WithName("admission"),
	})
	server := &server{
		options:      options,
		log:          log,
		registry:     registry,
		namespaces:   namespaces,
		inventory:    newInventory(needs, objects, log.WithName("inventory")),
		certificates: newCertificates(options.certificateFile(), options.keyFile(), metrics, log.WithName("certificate")),
		endpoint: admission.NewEndpoint(handler, admission.EndpointOptions{
			Deadline:      options.Deadline,
			MaxConcurrent: options.MaxConcurrent,
			Recorder:      metrics,
			Log:           log.WithName("admission"),
		}),
	}
	// The queue outlives the server, whose last requests still report.
	queueContext, endQueue := context.WithCancel(context.WithoutCancel(ctx))
	queueEnded := make(chan error, 1)
	go func() { queueEnded <- queue.Start(queueContext) }()
	err = server.serve(ctx, config)
	endQueue()
	if err = errors.Join(err, <-queueEnded); err == nil {
		log.Info("ended")
	}
	return err
}

// load reads and compiles the rules, says what came of it, and returns what they
// need to know of the cluster.
func load(options Options, objects *engine.Inventory, metrics *metric.Metrics, log logr.Logger) (*review.Reviewer, []rule.Need, error) {
	rules, err := options.Rules.Load()
	if err != nil {
		return nil, nil, err
	}
	reviewer, err := rules.Reviewer(engine.Options{
		CacheSize: options.CacheSize,
		Deadline:  options.Deadline,
		Inventory: objects,
		Recorder:  metrics,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("compile the rules: %w", err)
	}
	for _, problem := range rules.Problems {
		log.Error(nil, "rule file left out", "file", problem.File, "line", problem.Line, "problem", problem.Error())
	}
	if options.Strict && len(rules.Problems) > 0 {
		return nil, nil, fmt.Errorf("%d rule files have errors, the first: %w; mend them, or start without --strict", len(rules.Problems), rules.Problems[0])
	}
	judging := rules.Set.Filter(func(r *rule.Rule) bool { return r.At(finding.DoorAdmission) })
	if len(judging.Rules()) == 0 {
		return nil, nil, errors.New("no rule is left that judges admissions; see --rules, --select, --skip and --mode, and the rule files that were left out")
	}
	metrics.RulesLoaded(len(judging.Rules()), len(rules.Problems))
	log.Info("rules compiled", "rules", len(judging.Rules()), "revision", reviewer.Revision(), "filesLeftOut", len(rules.Problems))
	return reviewer, judging.Needs(), nil
}
