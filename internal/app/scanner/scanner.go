package scanner

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/kubereeve/reeve/internal/app/follow"
	"github.com/kubereeve/reeve/internal/app/podevent"
	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/kube"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/scan"
	"github.com/kubereeve/reeve/internal/sink"
	"github.com/kubereeve/reeve/internal/sink/event"
	"github.com/kubereeve/reeve/internal/sink/jsonlog"
	"github.com/kubereeve/reeve/internal/sink/metric"
	"github.com/kubereeve/reeve/internal/version"
)

// Run runs the scanner until ctx ends, or for one pass with Options.Once.
// Reports go to stdout if they are wanted, logs to log. It fails when it cannot
// start, when the lease is lost, and when the one pass left something out.
func Run(ctx context.Context, options Options, stdout io.Writer, log logr.Logger) error {
	if err := options.validate(); err != nil {
		return err
	}
	config, err := kube.Config(options.Kubeconfig)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	metrics := metric.New(registry)

	inventory := engine.NewInventory()
	excepted := new(review.ExceptionStore)
	events, err := podevent.New(config, "scanner", log.WithName("events"))
	if err != nil {
		return err
	}
	follower := follow.New(ctx, config, options.Follow, events, log.WithName("rules"))
	live, err := beginRules(ctx, options, follower, inventory, excepted, recorder{metrics, events}, log.WithName("rules"))
	if err != nil {
		return err
	}
	exceptions, err := newExceptions(options, config, live, excepted, metrics, log.WithName("exceptions"))
	if err != nil {
		return err
	}
	cluster, err := kube.NewCluster(config)
	if err != nil {
		return err
	}
	sinks, err := newSink(options, config, stdout, metrics, log)
	if err != nil {
		return err
	}
	passes := newLivePasses(live, exceptions, scan.Options{
		Cluster:        cluster,
		Health:         cluster,
		Sink:           append(sinks, counted{exceptions.sink, metrics}),
		Inventory:      inventory,
		Namespace:      options.Namespace,
		PageSize:       options.PageSize,
		WebhookAddress: options.Webhook,
		Log:            log.WithName("scan"),
	})
	metrics.ScanInterval(options.Interval)
	loop := &loop{scanner: passes, interval: options.Interval, metrics: metrics, log: log}
	log.Info("scanner starts", "version", version.String(), "interval", options.Interval.String(), "namespace", options.Namespace)
	if options.Once {
		return exceptions.during(ctx, loop.once)
	}
	return serve(ctx, options, config, []manager.Runnable{live, follower, events, exceptions.watcher, loop}, registry, log)
}

// newSink returns where the reports go.
func newSink(options Options, config *rest.Config, stdout io.Writer, metrics *metric.Metrics, log logr.Logger) (sink.Fanout, error) {
	sinks := sink.Fanout{metrics}
	if options.ReportLog == "stdout" {
		sinks = append(sinks, counted{jsonlog.New(stdout), metrics})
	}
	if !options.Events {
		return sinks, nil
	}
	config = rest.CopyConfig(config)
	config.QPS = -1 // the sink has a rate limit of its own
	client, err := corev1client.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	instance, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	events, err := event.New(event.Options{
		Client:    client,
		Instance:  instance,
		PerSecond: options.EventsPerSecond,
		Burst:     options.EventBurst,
		Recorder:  metrics,
		Log:       log.WithName("events"),
	})
	if err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	return append(sinks, counted{events, metrics}), nil
}

// counted counts the reports that a sink does not take.
type counted struct {
	sink.Sink
	recorder sink.QueueRecorder
}

// Write passes the report on.
func (c counted) Write(ctx context.Context, report finding.Report) error {
	err := c.Sink.Write(ctx, report)
	if err != nil && ctx.Err() == nil {
		c.recorder.SinkFailed()
	}
	return err
}
