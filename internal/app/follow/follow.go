// Package follow keeps the rules of a program up to date: it watches the
// directories, archives and ConfigMaps they come from, asks registries for newer
// artifacts, and has them loaded anew when something has changed.
package follow

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"

	"github.com/kubereeve/reeve/internal/app"
	"github.com/kubereeve/reeve/internal/app/configmaps"
	"github.com/kubereeve/reeve/internal/app/watch"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// Follower follows what rules come from. Ready says what that is; it may change
// from load to load, as the configuration does. It is a Runnable that every
// replica runs.
type Follower struct {
	options    Options
	announcer  Announcer // may be nil
	log        logr.Logger
	artifacts  *app.Artifacts
	configMaps *configmaps.Watcher

	mu      sync.Mutex
	live    *app.Live
	missed  string          // what changed before there was a live
	reading []func()        // end what the watchers take for reading
	running context.Context // that of Start; nil before
	parts   sync.WaitGroup
	rules   app.RuleOptions // the newest
	local   map[string]*watched
	next    map[string]time.Time // when to ask for an artifact again
}

// watched is a file or directory that is watched.
type watched struct {
	watcher *watch.Watcher
	stop    context.CancelFunc // nil before Start
}

// New returns a follower. ConfigMaps are watched through config until ctx ends.
// The announcer, which may be nil, is told what is wrong with the rules.
func New(ctx context.Context, config *rest.Config, options Options, announcer Announcer, log logr.Logger) *Follower {
	f := &Follower{options: options, announcer: announcer, log: log, artifacts: &app.Artifacts{}, local: make(map[string]*watched), next: make(map[string]time.Time)}
	f.configMaps = configmaps.New(ctx, config, f.changed, log)
	return f
}

// Begin loads the rules for the first time and returns the holder of what is
// judged by. From then on what changes is a reload.
func (f *Follower) Begin(ctx context.Context, options app.LiveOptions) (*app.Live, error) {
	live, err := app.Begin(ctx, options)
	f.read()
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.live = live
	missed := f.missed
	f.mu.Unlock()
	live.Observe(func(app.Reload) { f.read() })
	if missed != "" {
		live.Trigger(missed)
	}
	if f.announcer != nil {
		announce(live, f.announcer)
	}
	return live, nil
}

// changed has the rules loaded anew.
func (f *Follower) changed(reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.live == nil { // they are being loaded, and may have been read already
		f.missed = reason
		return
	}
	f.live.Trigger(reason)
}

// read says that what rules come from has been read.
func (f *Follower) read() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, done := range f.reading {
		done()
	}
	f.reading = nil
}

// Ready makes everything known that rules come from before they are loaded, and
// follows it from then on: it must be called at each load. Artifacts and
// ConfigMaps that are new are waited for, but not for ever; where they cannot be
// had, that is a problem of the load. Ready fails when the configuration file,
// which is followed as well, is bad.
func (f *Follower) Ready(ctx context.Context, rules *app.RuleOptions) error {
	rules.Artifacts = f.artifacts
	f.watch(rules, false)
	if err := rules.Configure(); err != nil {
		return err
	}
	f.watch(rules, true)
	var fetches sync.WaitGroup
	for _, reference := range rules.References() {
		if !f.artifacts.Known(reference) {
			fetches.Go(func() { f.fetch(ctx, rules, reference, fetchPatience) })
		}
	}
	fetches.Wait()
	more := rules.More
	rules.More = func() ([]source.Source, []*rule.Problem) {
		f.mu.Lock()
		f.missed = "" // what has changed until now is among the sources
		f.mu.Unlock()
		sources, problems := f.configMaps.Sources()
		if more != nil {
			others, wrong := more()
			sources, problems = append(others, sources...), append(wrong, problems...)
		}
		return sources, problems
	}
	namespaces := slices.Concat(f.options.ConfigMaps, rules.ConfigMaps)
	if len(namespaces) == 0 {
		rules.More = more // --no-builtin alone leaves no rules
	}
	return f.configMaps.Use(ctx, namespaces, configmaps.DefaultPatience)
}

// watch has the configuration file and the local files and directories of rules
// watched, before they are read, so that no change is missed. With whole, the
// others are not watched any more.
func (f *Follower) watch(rules *app.RuleOptions, whole bool) {
	wanted := make(map[string]bool)
	for _, path := range rules.Local() {
		wanted[path] = true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if whole {
		f.rules = *rules
		f.forget(wanted)
	}
	for path := range wanted {
		if f.local[path] == nil {
			f.local[path] = &watched{watcher: watch.New([]string{path}, watch.Options{
				Log: f.log, Reads: source.IsRead, Changed: func(_ context.Context, names []string) { f.changed(changes(names)) }})}
			f.begin(f.local[path])
		}
		if whole {
			f.reading = append(f.reading, f.local[path].watcher.Reading())
		}
	}
}

// forget ends the watches on all but some paths. The caller holds the lock.
func (f *Follower) forget(wanted map[string]bool) {
	for path, known := range f.local {
		if wanted[path] {
			continue
		}
		if known.stop != nil {
			known.stop()
		}
		delete(f.local, path)
	}
}

// begin starts a watcher if Start has been called. The caller holds the lock.
func (f *Follower) begin(w *watched) {
	if f.running == nil {
		return
	}
	ctx, stop := context.WithCancel(f.running)
	w.stop = stop
	f.parts.Go(func() { _ = w.watcher.Start(ctx) }) // never fails
}

// changes says which files have changed, the first of them by name.
func changes(names []string) string {
	switch len(names) {
	case 0:
		return "rule files changed"
	case 1:
		return names[0] + " changed"
	}
	return fmt.Sprintf("%s and %d more files changed", names[0], len(names)-1)
}

// NeedLeaderElection is false: every replica reads its rules.
func (f *Follower) NeedLeaderElection() bool { return false }

// Start follows the rules until ctx ends.
func (f *Follower) Start(ctx context.Context) error {
	f.mu.Lock()
	f.running = ctx
	for _, w := range f.local {
		f.begin(w)
	}
	f.mu.Unlock()
	f.poll(ctx)
	f.parts.Wait()
	return nil
}
