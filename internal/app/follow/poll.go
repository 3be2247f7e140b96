package follow

import (
	"context"
	"time"

	"github.com/kubereeve/reeve/internal/app"
)

const (
	// fetchRetry is how soon a registry is asked again that could not be asked.
	fetchRetry = 30 * time.Second
	// fetchPatience is how long a load waits for artifacts that are new. A program
	// that starts must not be taken for one that hangs.
	fetchPatience = 10 * time.Second
	// pollTick is how often it is looked whether it is time to ask.
	pollTick = time.Second
)

// poll asks the registries for newer artifacts until ctx ends.
func (f *Follower) poll(ctx context.Context) {
	tick := time.NewTicker(pollTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			f.mu.Lock()
			rules := f.rules
			f.mu.Unlock()
			for _, reference := range rules.References() {
				if !f.due(reference, now) {
					continue
				}
				if f.fetch(ctx, &rules, reference, app.FetchTimeout) {
					f.changed(reference + " changed")
				}
			}
		}
	}
}

// due tells whether it is time to ask for an artifact again.
func (f *Follower) due(reference string, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return now.After(f.next[reference])
}

// fetch asks for an artifact and tells whether something has changed.
func (f *Follower) fetch(ctx context.Context, rules *app.RuleOptions, reference string, timeout time.Duration) bool {
	changed := f.artifacts.Fetch(ctx, reference, rules.InsecureRegistries, timeout)
	digest, problem := f.artifacts.State(reference)
	pause := f.options.Interval
	if interval := rules.PollIntervals[reference]; interval > 0 {
		pause = interval
	}
	if problem != nil {
		pause = min(pause, fetchRetry)
	}
	f.mu.Lock()
	f.next[reference] = time.Now().Add(pause)
	f.mu.Unlock()
	switch {
	case !changed:
	case problem != nil:
		f.log.Error(problem, "the artifact cannot be fetched", "reference", reference, "retryAfter", pause.String())
	default:
		f.log.Info("artifact fetched", "reference", reference, "digest", digest)
	}
	return changed
}
