package exception

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/kubereeve/reeve/api/v1alpha1"
	reeve "github.com/kubereeve/reeve/internal/version"
)

const (
	// patience is how long a program waits for the exceptions before it serves
	// without: one that is never ready lets everything pass.
	patience = 10 * time.Second
	// pause is how long changes are gathered before they count.
	pause = 50 * time.Millisecond
	// relistPause is how long it takes at least until one that was left out takes
	// the place of one that has gone.
	relistPause = 10 * time.Second
)

// Recorder keeps what is known of the exceptions.
type Recorder interface {
	// ExceptionsKnown sets how many exceptions are kept, how many of these have
	// expired or cannot be used, and how many were left out for being too many.
	ExceptionsKnown(known, expired, unusable, leftOut int)
	// ExceptionsStale sets whether the exceptions are what was last known
	// instead of what is.
	ExceptionsStale(stale bool)
}

// Options configure a Watcher. All fields must be given unless they say otherwise.
type Options struct {
	// Config says how to reach the API server.
	Config *rest.Config
	// Limit is how many exceptions are kept; 0 means DefaultLimit.
	Limit int
	// Publish is given all exceptions, the oldest first, whenever they have
	// changed, from one goroutine. It returns those that cannot be used, with the
	// reason. It must not change the exceptions, and may keep them.
	Publish func(exceptions []*v1alpha1.RuleException) map[*v1alpha1.RuleException]error
	// Recorder keeps the numbers.
	Recorder Recorder
	Log      logr.Logger
	// Clock tells the time; nil means time.Now.
	Clock func() time.Time
}

// Watcher keeps the exceptions of a cluster known: by a watch that it opens again
// when it is lost. Then, what was last known counts on, and it says so. Where the
// API server knows no RuleExceptions there are none, until it does. It runs as a
// Runnable of controller-runtime's manager.
type Watcher struct {
	options Options
	client  dynamic.NamespaceableResourceInterface
	store   *store

	mu      sync.Mutex
	settled bool  // the exceptions are known, or waiting for them has ended
	failure error // why they cannot be watched; nil while they can
	since   time.Time
	absent  bool             // the API server knows no such kind, and did not before
	refused map[version]bool // those of which it was said
	tooMany bool
}

// NewWatcher returns a Watcher. It fails when the configuration is unusable.
func NewWatcher(options Options) (*Watcher, error) {
	if options.Limit == 0 {
		options.Limit = DefaultLimit
	}
	if options.Clock == nil {
		options.Clock = time.Now
	}
	config := rest.CopyConfig(options.Config)
	config.UserAgent = "reeve/" + reeve.String()
	config.WarningHandler = rest.NoWarnings{}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("exceptions: %w", err)
	}
	return &Watcher{
		options: options,
		client:  client.Resource(v1alpha1.RuleExceptionResource()),
		store:   newStore(options.Limit),
	}, nil
}

// Start watches the exceptions until ctx ends. It never fails: without them
// objects are judged all the same, and it is said that they are not known.
func (w *Watcher) Start(ctx context.Context) error {
	timer := time.AfterFunc(patience, w.giveUp)
	defer timer.Stop()
	var running wait.Group
	running.StartWithContext(ctx, w.publish)
	reflector := cache.NewReflectorWithOptions(&listWatch{w}, &v1alpha1.RuleException{}, w.store,
		cache.ReflectorOptions{Name: "exceptions", TypeDescription: "RuleException"})
	reflector.WatchListPageSize = pageSize
	for ctx.Err() == nil {
		w.follow(ctx, reflector)
	}
	running.Wait()
	return nil
}

// NeedLeaderElection is false: every replica needs the exceptions.
func (w *Watcher) NeedLeaderElection() bool { return false }

// follow runs the reflector until ctx ends, or until it has to read everything
// again to find one that was left out.
func (w *Watcher) follow(ctx context.Context, reflector *cache.Reflector) {
	running, again := context.WithCancel(ctx)
	defer again()
	go func() {
		select {
		case <-running.Done():
		case <-time.After(relistPause):
			select {
			case <-running.Done():
			case <-w.store.room:
				again()
			}
		}
	}()
	// The reflector would log each failure; here it is said once, in failed.
	reflector.RunWithContext(klog.NewContext(running, logr.Discard()))
}

// All returns the exceptions that are known, the oldest first, and whether all
// there are have been seen. They must not be changed.
func (w *Watcher) All() (exceptions []*v1alpha1.RuleException, complete bool) {
	exceptions, leftOut, synced := w.store.snapshot()
	return exceptions, synced && leftOut == 0
}

// Ready says that the exceptions are still waited for, or returns nil.
func (w *Watcher) Ready() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.settled {
		return errors.New("the exceptions are being read")
	}
	return nil
}

// Degraded says why the exceptions may not be what they are in the cluster, or
// returns nil. Whoever serves does so all the same.
func (w *Watcher) Degraded() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failure == nil {
		return nil
	}
	return fmt.Errorf("exceptions are those last known at %s: %w", w.since.UTC().Format(time.RFC3339), w.failure)
}

// giveUp ends the waiting for the exceptions.
func (w *Watcher) giveUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.settled {
		w.settled = true
		w.options.Log.Error(w.failure, "the exceptions are not known in time; serving without any until they are")
	}
}

// watched records that the API server has answered.
func (w *Watcher) watched() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failure != nil {
		w.options.Log.Info("the exceptions can be watched again", "after", w.options.Clock().Sub(w.since).Round(time.Second).String())
	}
	w.failure, w.absent = nil, false
	w.options.Recorder.ExceptionsStale(false)
}

// failed records that the API server has not answered, or not with exceptions.
func (w *Watcher) failed(err error) {
	_, _, synced := w.store.snapshot()
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case apierrors.IsNotFound(err) && !synced:
		w.settled = true
		if !w.absent {
			w.options.Log.Info("the cluster has no RuleExceptions, so nothing is excepted; to have them, kubectl apply -k config/crd")
		}
		w.absent, w.failure = true, nil
		w.options.Recorder.ExceptionsStale(false)
		return
	case apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err):
		w.settled = true // nothing to wait for
	}
	if w.failure == nil {
		w.since = w.options.Clock()
		w.options.Log.Error(err, "the exceptions cannot be watched; those last known count on. Allow list and watch on ruleexceptions.kubereeve.io, and see that the kind is installed and the API server answers")
	}
	w.failure = err
	w.options.Recorder.ExceptionsStale(true)
}

// transient tells whether a watch is merely too old, which is nothing to report.
func transient(err error) bool {
	return apierrors.IsResourceExpired(err) || apierrors.IsGone(err) || errors.Is(err, io.EOF) || errors.Is(err, context.Canceled)
}
