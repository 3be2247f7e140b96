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
	var unusable, leftOut int
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
			var synced bool
			last, leftOut, synced = w.store.snapshot()
			refused := w.options.Publish(last)
			unusable = len(refused)
			w.report(refused, leftOut, synced, len(last))
		}
		now := w.options.Clock()
		expired, next := expiries(last, now)
		w.options.Recorder.ExceptionsKnown(len(last), expired, unusable, leftOut)
		if !next.IsZero() {
			expiry.Reset(next.Sub(now))
		}
	}
}

// expiries returns how many exceptions have expired, and when the next one does;
// zero for never.
func expiries(exceptions []*v1alpha1.RuleException, now time.Time) (expired int, next time.Time) {
	for _, e := range exceptions {
		switch at := e.Spec.ExpiresAt; {
		case at == nil:
		case !at.After(now):
			expired++
		case next.IsZero() || at.Time.Before(next):
			next = at.Time
		}
	}
	return expired, next
}

// report logs what is new: exceptions that cannot be used, and that there are too
// many or not any more. The exceptions are known from now on.
func (w *Watcher) report(refused map[*v1alpha1.RuleException]error, leftOut int, synced bool, known int) {
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
	case leftOut > 0 && !w.tooMany:
		w.options.Log.Error(nil, "there are more exceptions than are kept; the oldest count, the others do not. Delete some, or raise --exception-limit", "limit", w.options.Limit, "leftOut", leftOut)
	case leftOut == 0 && w.tooMany:
		w.options.Log.Info("all exceptions count again", "exceptions", known)
	}
	w.tooMany = leftOut > 0
	if synced && !w.settled {
		w.settled = true
		w.options.Log.Info("the exceptions are known", "exceptions", known)
	}
}
