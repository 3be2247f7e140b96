package configmaps

import (
	"context"
	"sync/atomic"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/kubereeve/reeve/internal/app"
)

// Follow loads the rules of a program for the first time, and returns the holder
// of what it judges by together with the Runnables that keep it up to date, the
// holder among them. It puts the ConfigMaps into the rules' options, of which
// live.Load must load.
func Follow(ctx context.Context, config *rest.Config, rules *app.RuleOptions, options app.FollowOptions, live app.LiveOptions) (*app.Live, []manager.Runnable, error) {
	var holder atomic.Pointer[app.Live]
	changed := func(reason string) {
		if l := holder.Load(); l != nil {
			l.Trigger(reason)
		}
	}
	follower := app.NewFollower(rules, options, changed, live.Log)
	rules.Fetch(ctx)
	var watcher *Watcher
	if len(options.ConfigMaps) > 0 {
		var err error
		if watcher, err = Begin(ctx, config, options.ConfigMaps, DefaultPatience, live.Log); err != nil {
			return nil, nil, err
		}
		rules.More = watcher.Sources
	}
	first, err := app.Begin(ctx, live)
	if err != nil {
		return nil, nil, err
	}
	holder.Store(first)
	if watcher != nil {
		watcher.Tell(changed)
	}
	return first, []manager.Runnable{first, follower}, nil
}
