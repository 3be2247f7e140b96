// Package watch tells when files or directory trees have changed, so that
// configuration and rules can be read again without a restart. It looks at what
// stands in the files: a change that leaves everything as it was is none.
package watch

import (
	"context"
	"fmt"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/go-logr/logr"
)

// The defaults of Options.
const (
	DefaultQuiet = 100 * time.Millisecond
	DefaultPoll  = 10 * time.Second
)

// patience is how many quiet times a change may be put off by others that
// follow, so that a file that is written all the time is read all the same.
const patience = 10

// Options say how to watch.
type Options struct {
	// Changed is called with the names of the files that have changed, appeared
	// or gone. Calls never overlap; what changes during one leads to another.
	Changed func(ctx context.Context, names []string)
	// Quiet is how long nothing must have happened before Changed is called:
	// whoever writes is rarely done with the first byte. Zero: DefaultQuiet.
	Quiet time.Duration
	// Poll is how often to look without being told by the system, which says
	// nothing on some file systems. Zero: DefaultPoll.
	Poll time.Duration
	// PollOnly leaves out the system's notifications.
	PollOnly bool
	Log      logr.Logger
}

// Watcher watches files and directory trees. It is a Runnable of
// controller-runtime's manager that every replica runs.
type Watcher struct {
	paths    []string
	options  Options
	contents contents
	refused  map[string]bool // directories that cannot be watched, and have been logged
}

// New returns a watcher of files and directories, which may be missing as yet.
// Call it before reading them: what changes from then on is noticed once the
// watcher is started.
func New(paths []string, options Options) *Watcher {
	if options.Quiet <= 0 {
		options.Quiet = DefaultQuiet
	}
	if options.Poll <= 0 {
		options.Poll = DefaultPoll
	}
	return &Watcher{paths: paths, options: options, contents: look(paths, nil), refused: make(map[string]bool)}
}

// NeedLeaderElection is false: every replica reads its files.
func (w *Watcher) NeedLeaderElection() bool { return false }

// Start watches until ctx ends. It never fails: where the system does not tell
// of changes, they are found by looking.
func (w *Watcher) Start(ctx context.Context) error {
	notifier, err := w.notifier()
	if err != nil {
		w.options.Log.Error(err, "the system does not tell of changes to files; looking for them", "every", w.options.Poll.String())
	}
	var events <-chan fsnotify.Event
	var failures <-chan error
	if notifier != nil {
		defer notifier.Close() //nolint:errcheck // nothing is lost with it
		events, failures = notifier.Events, notifier.Errors
	}
	poll := time.NewTicker(w.options.Poll)
	defer poll.Stop()
	route := w.follow(notifier)
	w.check(ctx, nil)
	for {
		known := w.contents
		select {
		case <-ctx.Done():
			return nil
		case <-poll.C: // a glance at sizes and times
		case event := <-events:
			if !route.concerns(event.Name) {
				continue
			}
			w.settle(ctx, events, route)
			known = nil
		case err := <-failures: // among them: more events than the system could keep
			w.options.Log.V(1).Info("events of files were lost", "reason", fmt.Sprint(err))
			known = nil
		}
		route = w.follow(notifier) // before looking: what comes after is told of
		w.check(ctx, known)
	}
}

// notifier returns what the system tells of changes through, nil when it is not
// wanted.
func (w *Watcher) notifier() (*fsnotify.Watcher, error) {
	if w.options.PollOnly {
		return nil, nil
	}
	return fsnotify.NewWatcher()
}

// settle waits until nothing has happened for a while.
func (w *Watcher) settle(ctx context.Context, events <-chan fsnotify.Event, route *route) {
	quiet := time.NewTimer(w.options.Quiet)
	defer quiet.Stop()
	enough := time.NewTimer(patience * w.options.Quiet)
	defer enough.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-quiet.C:
			return
		case <-enough.C:
			return
		case event := <-events:
			if route.concerns(event.Name) {
				quiet.Reset(w.options.Quiet)
			}
		}
	}
}

// follow finds the directories on the way to what is watched and has the system
// tell of changes in them.
func (w *Watcher) follow(notifier *fsnotify.Watcher) *route {
	route := newRoute(w.paths)
	if notifier == nil {
		return route
	}
	for _, watched := range notifier.WatchList() {
		if !route.directories[watched] {
			_ = notifier.Remove(watched) // fails when the directory has gone, which is as good
		}
	}
	for directory := range route.directories {
		// Adding one again is needed: the system forgets a directory that was
		// replaced by another of its name.
		if err := notifier.Add(directory); err != nil && !w.refused[directory] {
			w.refused[directory] = true
			w.options.Log.V(1).Info("the system does not tell of changes in a directory; looking for them", "directory", directory, "reason", err.Error())
		}
	}
	return route
}

// check looks what has changed and tells. What is known of files is trusted
// where their sizes and times are the same.
func (w *Watcher) check(ctx context.Context, known contents) {
	now := look(w.paths, known)
	changed := now.differences(w.contents)
	w.contents = now
	if len(changed) > 0 && ctx.Err() == nil {
		w.options.Log.V(1).Info("files have changed", "files", changed)
		w.options.Changed(ctx, changed)
	}
}
