package scanner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/dynamic"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/kubereeve/reeve/api/v1alpha1"
	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/app/exception"
	"github.com/kubereeve/reeve/internal/review"
	sink "github.com/kubereeve/reeve/internal/sink/exception"
	"github.com/kubereeve/reeve/internal/sink/metric"
)

// How many statuses of exceptions are written after a pass, and how many a second
// make room for more.
const (
	statusesPerSecond = 20
	statusBurst       = 200
)

// exceptions are what scans are excepted from, and what is written back of it.
type exceptions struct {
	watcher *exception.Watcher
	sink    *sink.Sink
}

// newExceptions returns the exceptions, which come into a store while the watcher
// runs.
func newExceptions(options Options, config *rest.Config, live *app.Live, store *review.ExceptionStore, metrics *metric.Metrics, log logr.Logger) (*exceptions, error) {
	end := func(e *v1alpha1.RuleException) time.Time { return exception.End(e, live.Current().Rules.Policy) }
	watcher, err := exception.NewWatcher(exception.Options{
		Config:  config,
		Limit:   options.ExceptionLimit,
		Publish: exception.Into(store),
		End:     end,
		Record: func(state exception.State) {
			metrics.ExceptionsKnown(state.Known, state.Expired, state.Unusable, state.LeftOut)
			metrics.ExceptionsStale(state.Problem != nil)
		},
		Log: log,
	})
	if err != nil {
		return nil, err
	}
	config = rest.CopyConfig(config)
	config.QPS = -1 // the sink has a rate limit of its own
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("exceptions: %w", err)
	}
	instance, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("exceptions: %w", err)
	}
	written := sink.Options{
		Known: func() []*v1alpha1.RuleException {
			known, _ := watcher.All()
			return known
		},
		Effect: func(e *v1alpha1.RuleException) (reason, message string) {
			rules := live.Current().Rules
			return exception.Effect(e, rules.Policy, rules.Set)
		},
		End:       end,
		Namespace: options.Namespace,
		Client:    client.Resource(v1alpha1.RuleExceptionResource()),
		Instance:  instance,
		PerSecond: statusesPerSecond,
		Burst:     statusBurst,
		Recorder:  metrics,
		Log:       log,
	}
	if options.Events {
		if written.Events, err = corev1client.NewForConfig(config); err != nil {
			return nil, fmt.Errorf("exceptions: %w", err)
		}
	}
	return &exceptions{watcher: watcher, sink: sink.New(written)}, nil
}

// wait waits until the exceptions are known, or until that has taken too long.
func (e *exceptions) wait(ctx context.Context) error {
	select {
	case <-e.watcher.Settled():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// during does something while the exceptions are watched. It fails when they
// could not be.
func (e *exceptions) during(ctx context.Context, do func(context.Context) error) error {
	watching, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- e.watcher.Start(watching) }()
	err := do(ctx)
	problem := e.watcher.Degraded()
	stop()
	if ctx.Err() == nil && problem != nil {
		err = errors.Join(err, fmt.Errorf("not everything that is excepted is known: %w", problem))
	}
	return errors.Join(err, <-ended)
}
