package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/pflag"

	"github.com/kubereeve/reeve/internal/app/watch"
	"github.com/kubereeve/reeve/internal/rule/source/oci"
)

// fetchRetry is how soon a registry is asked again that could not be asked.
const fetchRetry = 30 * time.Second

// FollowOptions say how a program notices that its rules have changed.
type FollowOptions struct {
	// Interval is how often registries are asked for newer artifacts.
	Interval time.Duration
	// ConfigMaps are the namespaces whose labelled ConfigMaps hold rules.
	ConfigMaps []string
}

// AddFlags adds the options' flags.
func (o *FollowOptions) AddFlags(flags *pflag.FlagSet) {
	flags.DurationVar(&o.Interval, "rules-interval", 5*time.Minute, "how often registries are asked for newer artifacts of --rules; directories are watched")
	flags.StringSliceVar(&o.ConfigMaps, "rules-configmaps", nil, "namespaces whose ConfigMaps with the label "+RulesLabel+"=true hold rules (repeatable; default: none)")
}

// Validate says which flag is wrong.
func (o *FollowOptions) Validate() error {
	if o.Interval < time.Second {
		return fmt.Errorf("--rules-interval: %s is less than a second", o.Interval)
	}
	for _, namespace := range o.ConfigMaps {
		if namespace == "" || strings.ContainsAny(namespace, "*?/ ") {
			return fmt.Errorf("--rules-configmaps: %q is not the name of a namespace; ConfigMaps are read only where that is allowed by name", namespace)
		}
	}
	return nil
}

// RulesLabel marks the ConfigMaps that hold rules.
const RulesLabel = "kubereeve.io/rules"

// Follower notices when directories, archives and artifacts of --rules change. It
// is a Runnable that every replica runs.
type Follower struct {
	rules    *RuleOptions
	interval time.Duration
	watcher  *watch.Watcher // nil when there is nothing local
	changed  func(reason string)
	log      logr.Logger
}

// NewFollower returns a follower of the rules, which must not have been loaded
// yet: what changes from now on is noticed once the follower is started. Changed
// is told why they should be loaded again.
func NewFollower(rules *RuleOptions, options FollowOptions, changed func(reason string), log logr.Logger) *Follower {
	f := &Follower{rules: rules, interval: options.Interval, changed: changed, log: log}
	var local []string
	for _, name := range rules.Dirs {
		if !oci.IsReference(name) {
			local = append(local, name)
		}
	}
	if len(local) > 0 {
		f.watcher = watch.New(local, watch.Options{Log: log, Changed: func(_ context.Context, names []string) {
			changed(changes(names))
		}})
	}
	return f
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
	var parts sync.WaitGroup
	var err error
	if f.watcher != nil {
		parts.Go(func() { err = f.watcher.Start(ctx) })
	}
	if len(f.rules.references()) > 0 {
		parts.Go(func() { f.poll(ctx) })
	}
	parts.Wait()
	<-ctx.Done()
	return err
}

// poll asks the registries for newer artifacts until ctx ends.
func (f *Follower) poll(ctx context.Context) {
	for {
		pause := f.interval
		if f.rules.fetchFailed() {
			pause = min(pause, fetchRetry)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		for _, reference := range f.rules.Fetch(ctx) {
			if problem := f.rules.fetchProblem(reference); problem != nil {
				f.log.Error(problem, "the artifact cannot be fetched", "reference", reference)
			} else {
				f.log.Info("artifact fetched", "reference", reference, "digest", f.rules.digest(reference))
			}
			f.changed(reference + " changed")
		}
	}
}

// fetchFailed tells whether some artifact could not be fetched lately.
func (o *RuleOptions) fetchFailed() bool {
	for _, reference := range o.references() {
		if o.fetchProblem(reference) != nil {
			return true
		}
	}
	return false
}

// fetchProblem says why an artifact could not be fetched lately, or nil.
func (o *RuleOptions) fetchProblem(reference string) error {
	if _, problem := o.fetched(reference); problem != nil {
		return errors.New(problem.Message)
	}
	return nil
}

// digest returns the digest of the artifact that a reference meant last.
func (o *RuleOptions) digest(reference string) string {
	o.artifacts.mu.Lock()
	defer o.artifacts.mu.Unlock()
	return o.artifacts.byReference[reference].Digest
}
