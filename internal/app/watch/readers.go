package watch

import (
	"sync"
	"time"
)

// readers knows when what is watched was read.
type readers struct {
	mu   sync.Mutex
	now  int       // how many are reading
	last time.Time // when the last one was done
}

// begin counts one more, until the function it returns is called.
func (r *readers) begin() (done func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now++
	return sync.OnceFunc(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.now--
		r.last = time.Now()
	})
}

// since tells whether somebody has read at a time or later.
func (r *readers) since(moment time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now > 0 || r.last.After(moment)
}
