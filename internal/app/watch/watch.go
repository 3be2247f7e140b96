// Package watch tells when files or directory trees have changed, so that
// configuration and rules can be read again without a restart. It looks at what
// stands in the files: a change that leaves everything as it was is none.
package watch

import (
	"context"
	"fmt"
	"maps"
	"slices"
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

// lag is how late an event may come while the watcher does nothing but wait for it.
const lag = 20 * time.Millisecond

// Options say how to watch.
type Options struct {
	// Changed is called with the names of the files that have changed, appeared
	// or gone; none when they are what they were before, but see Reading. Calls never overlap; what changes during one leads to another.
	Changed func(ctx context.Context, names []string)
	// Quiet is how long nothing must have happened before Changed is called:
	// whoever writes is rarely done with the first byte. Zero: DefaultQuiet.
	Quiet time.Duration
	// Poll is how often to look without being told by the system, which says
	// nothing on some file systems. Zero: DefaultPoll.
	Poll time.Duration
	// Reads tells which files below directories count, by their names. Nil: all.
	Reads func(name string) bool
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
	readers  readers
	unsure   time.Time // since when something may have been read that nobody was told of
	doubted  time.Time // when somebody was told last that it may be so
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
	if options.Reads == nil {
		options.Reads = func(string) bool { return true }
	}
	return &Watcher{paths: paths, options: options, contents: lookAt(paths, nil, options.Reads), refused: make(map[string]bool)}
}

// Reading says that somebody reads what is watched, until the function it returns
// is called. What changes meanwhile leads to a call of Changed even where it has
// changed back before the watcher looks: what was read may be what stood there in
// between.
func (w *Watcher) Reading() (done func()) { return w.readers.begin() }

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
	w.check(ctx, nil, time.Time{})
	for looked := time.Now(); ; {
		known, since := w.contents, time.Time{}
		waiting := time.Now()
		select {
		case <-ctx.Done():
			return nil
		case <-poll.C: // a glance at sizes and times
		case event := <-events:
			if !route.concerns(event, w.options.Reads) {
				continue
			}
			if since = time.Now().Add(-lag); since.Before(waiting) {
				since = looked // it may have waited for us all the time
			}
			w.settle(ctx, events, route)
			known = nil
		case err := <-failures: // among them: more events than the system could keep
			w.options.Log.V(1).Info("events of files were lost", "reason", fmt.Sprint(err))
			known, since = nil, looked
		}
		looked = time.Now()
		route = w.follow(notifier) // before looking: what comes after is told of
		w.check(ctx, known, since)
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
			if route.concerns(event, w.options.Reads) {
				quiet.Reset(w.options.Quiet)
			}
		}
	}
}

// maxFollowed bounds how often directories that appear meanwhile are looked for.
const maxFollowed = 10

// follow finds the directories on the way to what is watched and has the system
// tell of changes in them. Of those that appeared after it had looked, and before
// the system told of what is above them, nobody would ever tell: so it looks again.
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
	for range maxFollowed {
		for _, directory := range slices.Sorted(maps.Keys(route.directories)) { // what is above comes first
			w.add(notifier, directory)
		}
		before := route
		if route = newRoute(w.paths); before.covers(route) {
			break
		}
	}
	return route
}

// add has the system tell of changes in a directory. Adding one again is needed: the
// system forgets a directory that was replaced by another of its name.
func (w *Watcher) add(notifier *fsnotify.Watcher, directory string) {
	if err := notifier.Add(directory); err != nil && !w.refused[directory] {
		w.refused[directory] = true
		w.options.Log.V(1).Info("the system does not tell of changes in a directory; looking for them", "directory", directory, "reason", err.Error())
	}
}

// check looks what has changed and tells. What is known of files is trusted
// where their sizes and times are the same. Since is when something began to
// change; zero where nobody said so.
func (w *Watcher) check(ctx context.Context, known contents, since time.Time) {
	now := lookAt(w.paths, known, w.options.Reads)
	changed := now.differences(w.contents)
	w.contents = now
	if ctx.Err() != nil || len(changed) == 0 && !w.doubtful(since) {
		return
	}
	w.unsure = time.Time{}
	w.options.Log.V(1).Info("files have changed", "files", changed)
	w.options.Changed(ctx, changed)
}

// doubtful tells whether somebody may have read what stood there for a moment, and
// it is time to say so: files that are written all the time, always with the same,
// must not be read all the time.
func (w *Watcher) doubtful(since time.Time) bool {
	if since.IsZero() || !w.unsure.IsZero() {
		since = w.unsure
	}
	if since.IsZero() || !w.readers.since(since) {
		return false
	}
	if now := time.Now(); now.Sub(w.doubted) > w.options.Poll {
		w.doubted = now
		return true
	}
	w.unsure = since // the next poll asks again
	return false
}
