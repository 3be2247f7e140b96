package engine

import (
	"context"
	"math"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/kubereeve/reeve/internal/engine/interpreter"
)

const (
	// watchPatience is how long an evaluation runs before it is looked after; nearly
	// all have ended by then.
	watchPatience = 20 * time.Millisecond
	// watchInterval is the time from one look to the next.
	watchInterval = 5 * time.Millisecond
	// memoryGrowth is how much the process may come to hold while a rule runs, where
	// GOMEMLIMIT sets no bound.
	memoryGrowth = 512 << 20
	// stackGrowth is how much the stacks of the process may grow while a rule runs. OPA's
	// evaluator calls itself for each expression that follows; a stack of a gigabyte
	// ends the process, and the last step to it is from 512 megabytes.
	stackGrowth = 128 << 20
)

// watch ends rules that do not end in time, whose context has ended, or that run for
// long while the process runs out of memory. Whoever else needs the memory is done
// soon; a rule that collects a list without end is not. One timer does it all for the
// rules of an object: most evaluations take microseconds.
type watch struct {
	ctx    context.Context
	cancel interpreter.Cancel
	timer  *time.Timer

	mu       sync.Mutex
	until    time.Time
	ended    bool
	fresh    bool // nothing has been ended since the last allow
	exceeded bool // what the process may hold
}

// watchOver begins to watch an evaluation. The caller must call stop.
func watchOver(ctx context.Context, patience time.Duration) *watch {
	w := &watch{ctx: ctx, until: time.Now().Add(patience)}
	w.timer = time.AfterFunc(min(patience, watchPatience), w.run)
	return w
}

// allow lets the next rule run from now on for so long.
func (w *watch) allow(now time.Time, limit time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.until, w.fresh, w.exceeded = now.Add(limit), true, false
	w.cancel.Reset()
}

// tooMuch tells whether the rule was ended for the memory that it took.
func (w *watch) tooMuch() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.exceeded
}

// stop ends the watch.
func (w *watch) stop() {
	w.timer.Stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
}

// run looks after the evaluation until it has ended.
func (w *watch) run() {
	memory, done := newMemory(), w.ctx.Done()
	for {
		wait, ended := w.look(memory)
		if ended {
			return
		}
		select {
		case <-done:
			done = nil // the rules that are left end one after the other
		case <-time.After(wait):
		}
	}
}

// look ends the rule that runs if it must be, and returns how long to wait until the
// next look.
func (w *watch) look(memory *memory) (wait time.Duration, ended bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended || !w.fresh {
		return watchInterval, w.ended
	}
	left := time.Until(w.until)
	w.exceeded = memory.exceeded()
	if left > 0 && w.ctx.Err() == nil && !w.exceeded {
		return min(left, watchInterval), false
	}
	if w.exceeded {
		memory.begin()
	}
	w.fresh = false
	w.cancel.Cancel()
	return watchInterval, false
}

// memory is what the process holds, and may hold.
type memory struct {
	samples     []metrics.Sample
	bound, hard uint64 // of what is in use, and of that with what is not collected yet
	stacks      uint64
}

func newMemory() *memory {
	m := &memory{samples: []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"},
	}}
	m.begin()
	return m
}

// begin makes what the process holds now the measure of what it may come to hold.
func (m *memory) begin() {
	metrics.Read(m.samples)
	m.bound, m.hard = m.samples[0].Value.Uint64()+memoryGrowth, math.MaxUint64
	m.stacks = m.samples[2].Value.Uint64() + stackGrowth
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		m.bound, m.hard = uint64(limit)/4*3, uint64(limit)
	}
}

// exceeded tells whether the process holds more than it may.
func (m *memory) exceeded() bool {
	metrics.Read(m.samples)
	return m.samples[0].Value.Uint64() > m.bound || m.samples[1].Value.Uint64() > m.hard ||
		m.samples[2].Value.Uint64() > m.stacks
}
