package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// progress says every few seconds that a long step is still alive: a fresh
// line in a log, the same line again on a terminal.
type progress struct {
	out      io.Writer
	label    string
	started  time.Time
	terminal bool
	done     chan struct{}
	wg       sync.WaitGroup
}

func startProgress(out *os.File, label string) *progress {
	info, err := out.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	p := newProgress(out, label, terminal)
	every := 15 * time.Second
	if terminal {
		every = time.Second
	}
	p.wg.Go(func() { p.loop(every) })
	return p
}

func newProgress(out io.Writer, label string, terminal bool) *progress {
	p := &progress{out: out, label: label, started: time.Now(), terminal: terminal, done: make(chan struct{})}
	p.print(label, false)
	return p
}

func (p *progress) loop(every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-p.done:
			return
		case <-tick.C:
			p.print(fmt.Sprintf("%s … %s", p.label, p.elapsed()), false)
		}
	}
}

// stop ends the line with the outcome and the time it took.
func (p *progress) stop(err error) {
	close(p.done)
	p.wg.Wait()
	outcome := "done in"
	if err != nil {
		outcome = "failed after"
	}
	p.print(fmt.Sprintf("%s … %s %s", p.label, outcome, p.elapsed()), true)
}

func (p *progress) elapsed() time.Duration { return time.Since(p.started).Round(time.Second) }

func (p *progress) print(line string, last bool) {
	if !p.terminal {
		fmt.Fprintln(p.out, line)
		return
	}
	fmt.Fprintf(p.out, "\r\x1b[K%s", line)
	if last {
		fmt.Fprintln(p.out)
	}
}
