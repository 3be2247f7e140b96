package webhook

import (
	"context"
	"errors"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"

	"github.com/kubereeve/reeve/api/v1alpha1"
	"github.com/kubereeve/reeve/internal/admission"
	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/app/exception"
	"github.com/kubereeve/reeve/internal/app/podevent"
	"github.com/kubereeve/reeve/internal/app/status"
	"github.com/kubereeve/reeve/internal/app/webhook/selfcheck"
	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/kube"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/sink"
	"github.com/kubereeve/reeve/internal/sink/metric"
	"github.com/kubereeve/reeve/internal/sink/recent"
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
	state := status.NewRegistry("webhook")
	objects := engine.NewInventory()
	inventory := newInventory(objects, log.WithName("inventory"))
	config, err := kube.Config(options.Kubeconfig)
	if err != nil {
		return err
	}
	events, err := podevent.New(config, "webhook", log.WithName("events"))
	if err != nil {
		return err
	}
	recorder := recorder{metrics, state, events}
	excepted := new(review.ExceptionStore)
	rules := &rules{options: options, objects: objects, inventory: inventory, exceptions: excepted, recorder: recorder, log: log.WithName("rules")}
	live, followers, err := rules.begin(ctx, config)
	if err != nil {
		return err
	}
	ring := recent.New(recent.Options{Entries: options.recentEntries(live.Current().Rules.Configuration)})
	exceptions, err := rules.watchExceptions(config, live, excepted, log.WithName("exceptions"))
	if err != nil {
		return err
	}
	namespaces := newNamespaces(func(problem error) { state.SetProblem("namespaces", problem) }, log.WithName("namespaces"))
	queue := sink.NewQueue(queueSize, sink.Fanout{metrics, ring}, metrics, log.WithName("queue"))
	handler := door{live: live, options: admission.Options{
		Namespaces: namespaces,
		Sink:       queue,
		Recorder:   recorder,
		Silent:     selfcheck.Canary,
		Log:        log.WithName("admission"),
	}}
	server := &server{
		options:      options,
		log:          log,
		registry:     registry,
		state:        state,
		recent:       ring,
		recorder:     recorder,
		namespaces:   namespaces,
		inventory:    inventory,
		coverage:     rules.coverage,
		followers:    followers,
		exceptions:   exceptions,
		certificates: newCertificates(options.certificateFile(), options.keyFile(), recorder, log.WithName("certificate")),
		endpoint: admission.NewEndpoint(handler, admission.EndpointOptions{
			Deadline:      options.Deadline,
			MaxConcurrent: options.MaxConcurrent,
			Recorder:      recorder,
			Log:           log.WithName("admission"),
		}),
	}
	if err = outlive(ctx, queue, func() error { return server.serve(ctx, config) }); err == nil {
		log.Info("ended")
	}
	return err
}

// watchExceptions returns the watcher of exceptions, whose end the rules' policy
// decides with them.
func (r *rules) watchExceptions(config *rest.Config, live *app.Live, excepted *review.ExceptionStore, log logr.Logger) (*exception.Watcher, error) {
	return exception.NewWatcher(exception.Options{
		Config:  config,
		Limit:   r.options.ExceptionLimit,
		Publish: exception.Into(excepted),
		End:     func(e *v1alpha1.RuleException) time.Time { return exception.End(e, live.Current().Rules.Policy) },
		Record:  r.recorder.exceptions,
		Log:     log,
	})
}

// outlive runs the queue while something serves, whose last requests still report
// when ctx has ended.
func outlive(ctx context.Context, queue *sink.Queue, serve func() error) error {
	queueContext, endQueue := context.WithCancel(context.WithoutCancel(ctx))
	queueEnded := make(chan error, 1)
	go func() { queueEnded <- queue.Start(queueContext) }()
	err := serve()
	endQueue()
	return errors.Join(err, <-queueEnded)
}
