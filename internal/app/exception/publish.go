package exception

import (
	"context"
	"time"

	"github.com/kubereeve/reeve/api/v1alpha1"
)

// publish hands on the exceptions whenever they change, and counts them again
// when one expires, until ctx ends.
func (w *Watcher) publish(ctx context.Context) {
	expiry := time.NewTimer(0)
	defer expiry.Stop()
	<-expiry.C
	var last []*v1alpha1.RuleException
	for {
		select {
		case <-ctx.Done():
			return
		case <-expiry.C:
		case <-w.store.changed:
			// More is likely to come.
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
			exceptions, leftOut, synced := w.store.snapshot()
			last = exceptions
			w.report(w.options.Publish(last), len(last), leftOut, synced)
		}
		expiry.Reset(w.count(last))
	}
}

// recount is how often it is counted at least how many have expired: the
// configuration says how long exceptions last at most, and it may change.
const recount = time.Minute

// count records how many exceptions have expired, and returns how long that is
// true.
func (w *Watcher) count(exceptions []*v1alpha1.RuleException) time.Duration {
	now := w.options.Clock()
	expired, next := expiries(exceptions, w.options.End, now)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Expired = expired
	w.options.Record(w.state)
	if next.IsZero() {
		return recount
	}
	return min(next.Sub(now), recount)
}

// expiries returns how many exceptions have expired, and when the next one does;
// zero for never.
func expiries(exceptions []*v1alpha1.RuleException, end func(*v1alpha1.RuleException) time.Time, now time.Time) (expired int, next time.Time) {
	for _, e := range exceptions {
		switch at := end(e); {
		case at.IsZero():
		case !at.After(now):
			expired++
		case next.IsZero() || at.Before(next):
			next = at
		}
	}
	return expired, next
}

// report keeps what is known of the exceptions, and logs what is new: exceptions
// that cannot be used, and that there are too many or not any more.
func (w *Watcher) report(refused map[*v1alpha1.RuleException]error, known, leftOut int, synced bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	said := make(map[version]bool, len(refused))
	for e, err := range refused {
		said[versionOf(e)] = true
		if !w.refused[versionOf(e)] {
			w.options.Log.Error(err, "an exception cannot be used and counts for nothing", "namespace", e.Namespace, "name", e.Name)
		}
	}
	w.refused = said
	switch {
	case leftOut > 0 && w.state.LeftOut == 0:
		w.options.Log.Error(nil, "there are more exceptions than are kept; the oldest count, the others do not. Delete some, or raise --exception-limit", "limit", w.options.Limit, "leftOut", leftOut)
	case leftOut == 0 && w.state.LeftOut > 0:
		w.options.Log.Info("all exceptions count again", "exceptions", known)
	}
	w.state.Known, w.state.Unusable, w.state.LeftOut, w.state.Synced = known, len(refused), leftOut, synced
	if synced && w.settle() {
		w.options.Log.Info("the exceptions are known", "exceptions", known)
	}
}
