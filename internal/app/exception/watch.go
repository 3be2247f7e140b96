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

// State is what is known of the exceptions.
type State struct {
	// Known is how many are kept; Expired and Unusable are how many of these count
	// no longer or cannot be understood. LeftOut is how many are not kept because
	// there are too many.
	Known, Expired, Unusable, LeftOut int
	// Synced says that all have been seen once.
	Synced bool
	// Problem says why they cannot be watched, so that those last known count on;
	// nil while they can. StaleSince is since when.
	Problem    error
	StaleSince time.Time
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
	// End returns the moment from which an exception counts no longer; zero means
	// never. It says how many have expired; what they hide, the reviewer decides.
	End func(*v1alpha1.RuleException) time.Time
	// Record is told what is known whenever that changes. It must not wait.
	Record func(State)
	Log    logr.Logger
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
	state   State
	settled chan struct{}    // closed when the exceptions are known, or waiting for them has ended
	absent  bool             // the API server knows no such kind, and did not before
	refused map[version]bool // those of which it was said
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
		settled: make(chan struct{}),
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

// Settled is closed when the exceptions are known, or waiting for them has ended.
func (w *Watcher) Settled() <-chan struct{} { return w.settled }

// Ready says that the exceptions are still waited for, or returns nil.
func (w *Watcher) Ready() error {
	select {
	case <-w.settled:
		return nil
	default:
		return errors.New("the exceptions are being read")
	}
}

// Degraded says why the exceptions may not be what they are in the cluster, or
// returns nil. Whoever serves does so all the same.
func (w *Watcher) Degraded() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state.Problem == nil {
		return nil
	}
	return fmt.Errorf("exceptions are those last known at %s: %w", w.state.StaleSince.UTC().Format(time.RFC3339), w.state.Problem)
}

// settle ends the waiting for the exceptions, and returns false when it had ended
// before. The lock is held.
func (w *Watcher) settle() bool {
	select {
	case <-w.settled:
		return false
	default:
		close(w.settled)
		return true
	}
}

// giveUp ends the waiting for the exceptions.
func (w *Watcher) giveUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.settle() {
		w.options.Log.Error(w.state.Problem, "the exceptions are not known in time; going on without any until they are")
	}
}

// watched records that the API server has answered.
func (w *Watcher) watched() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state.Problem != nil {
		w.options.Log.Info("the exceptions can be watched again", "after", w.options.Clock().Sub(w.state.StaleSince).Round(time.Second).String())
	}
	w.absent = false
	w.state.Problem, w.state.StaleSince = nil, time.Time{}
	w.options.Record(w.state)
}

// failed records that the API server has not answered, or not with exceptions.
func (w *Watcher) failed(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() { w.options.Record(w.state) }()
	switch {
	case apierrors.IsNotFound(err) && !w.store.hasSynced():
		w.settle()
		if !w.absent {
			w.options.Log.Info("the cluster has no RuleExceptions, so nothing is excepted; to have them, kubectl apply -k config/crd")
		}
		w.absent = true
		w.state.Synced = true // that there are none
		w.state.Problem, w.state.StaleSince = nil, time.Time{}
		return
	case apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err):
		w.settle() // nothing to wait for
	}
	if w.state.Problem == nil {
		w.state.StaleSince = w.options.Clock()
		w.options.Log.Error(err, "the exceptions cannot be watched; those last known count on. Allow list and watch on ruleexceptions.kubereeve.io, and see that the kind is installed and the API server answers")
	}
	w.state.Problem = err
}

// transient tells whether a watch is merely too old, which is nothing to report.
func transient(err error) bool {
	return apierrors.IsResourceExpired(err) || apierrors.IsGone(err) || errors.Is(err, io.EOF) || errors.Is(err, context.Canceled)
}
