package engine

import (
	"math"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"

	"github.com/open-policy-agent/opa/v1/topdown"
)

const (
	// memoryPatience is how long an evaluation runs before its memory is looked
	// at; nearly all have ended by then.
	memoryPatience = 20 * time.Millisecond
	// memoryInterval is the time from one look to the next.
	memoryInterval = 5 * time.Millisecond
	// memoryGrowth is how much the process may come to hold while an evaluation
	// runs, where GOMEMLIMIT sets no bound.
	memoryGrowth = 512 << 20
)

// memoryWatch ends an evaluation that runs for long while the process runs out of
// memory. Whoever else needs the memory is done soon; an evaluation that collects
// a list without end is not.
type memoryWatch struct {
	cancel   topdown.Cancel
	timer    *time.Timer
	ended    atomic.Bool
	exceeded atomic.Bool
}

// watchMemory begins to watch an evaluation. The caller must call stop.
func watchMemory(cancel topdown.Cancel) *memoryWatch {
	w := &memoryWatch{cancel: cancel}
	w.timer = time.AfterFunc(memoryPatience, w.watch)
	return w
}

// stop ends the watch and tells whether it has ended the evaluation.
func (w *memoryWatch) stop() bool {
	w.ended.Store(true)
	w.timer.Stop()
	return w.exceeded.Load()
}

func (w *memoryWatch) watch() {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(samples)
	bound, hard := samples[0].Value.Uint64()+memoryGrowth, uint64(math.MaxUint64)
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		bound, hard = uint64(limit)/4*3, uint64(limit)
	}
	ticker := time.NewTicker(memoryInterval)
	defer ticker.Stop()
	for !w.ended.Load() {
		metrics.Read(samples)
		if samples[0].Value.Uint64() > bound || samples[1].Value.Uint64() > hard {
			w.exceeded.Store(true)
			w.cancel.Cancel()
			return
		}
		<-ticker.C
	}
}
