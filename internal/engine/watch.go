package engine

import (
	"context"
	"math"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"

	"github.com/open-policy-agent/opa/v1/topdown"
)

const (
	// watchPatience is how long an evaluation runs before it is looked after; nearly
	// all have ended by then.
	watchPatience = 20 * time.Millisecond
	// watchInterval is the time from one look to the next.
	watchInterval = 5 * time.Millisecond
	// memoryGrowth is how much the process may come to hold while an evaluation
	// runs, where GOMEMLIMIT sets no bound.
	memoryGrowth = 512 << 20
)

// watch ends an evaluation that does not end in time, whose context has ended, or
// that runs for long while the process runs out of memory. Whoever else needs the
// memory is done soon; an evaluation that collects a list without end is not. One
// timer does it all: most evaluations take microseconds.
type watch struct {
	ctx      context.Context
	until    time.Time
	cancel   topdown.Cancel
	timer    *time.Timer
	ended    atomic.Bool
	exceeded atomic.Bool // the memory there is
}

// watchOver begins to watch an evaluation, which may take so long. The caller must
// call stop.
func watchOver(ctx context.Context, limit time.Duration, cancel topdown.Cancel) *watch {
	w := &watch{ctx: ctx, until: time.Now().Add(limit), cancel: cancel}
	w.timer = time.AfterFunc(min(limit, watchPatience), w.run)
	return w
}

// stop ends the watch and tells whether it has ended the evaluation for the memory
// that it took.
func (w *watch) stop() bool {
	w.ended.Store(true)
	w.timer.Stop()
	return w.exceeded.Load()
}

// run looks after the evaluation until it has ended.
func (w *watch) run() {
	memory := newMemory()
	for !w.ended.Load() {
		left := time.Until(w.until)
		w.exceeded.Store(memory.exceeded())
		if left <= 0 || w.ctx.Err() != nil || w.exceeded.Load() {
			w.cancel.Cancel()
			return
		}
		select {
		case <-w.ctx.Done():
		case <-time.After(min(left, watchInterval)):
		}
	}
}

// memory is what the process holds, and may hold.
type memory struct {
	samples     []metrics.Sample
	bound, hard uint64 // of what is in use, and of that with what is not collected yet
}

func newMemory() *memory {
	m := &memory{samples: []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}}
	metrics.Read(m.samples)
	m.bound, m.hard = m.samples[0].Value.Uint64()+memoryGrowth, math.MaxUint64
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		m.bound, m.hard = uint64(limit)/4*3, uint64(limit)
	}
	return m
}

// exceeded tells whether the process holds more than it may.
func (m *memory) exceeded() bool {
	metrics.Read(m.samples)
	return m.samples[0].Value.Uint64() > m.bound || m.samples[1].Value.Uint64() > m.hard
}
