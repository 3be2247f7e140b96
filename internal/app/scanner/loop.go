package scanner

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"

	"github.com/kubereeve/reeve/internal/finding"
)

// passer makes one pass; package scan has the one there is.
type passer interface {
	Pass(ctx context.Context) (finding.Pass, error)
}

// passRecorder counts passes that failed before they began.
type passRecorder interface{ PassFailed() }

// loop scans in steady cadence. It is a Runnable of controller-runtime's
// manager that wants to be the leader.
type loop struct {
	scanner  passer
	interval time.Duration
	metrics  passRecorder
	log      logr.Logger
}

// Start scans at once and then at every tick until ctx ends. Ticks that come
// while a pass still runs are left out.
func (l *loop) Start(ctx context.Context) error {
	tick := time.Now()
	for {
		if _, err := l.pass(ctx); err != nil && ctx.Err() == nil {
			l.log.Error(err, "the scan failed; it is tried again at the next tick")
		}
		missed := time.Since(tick) / l.interval
		tick = tick.Add((missed + 1) * l.interval)
		select {
		case <-time.After(time.Until(tick)):
		case <-ctx.Done():
			return nil
		}
	}
}

// NeedLeaderElection is true: one replica scans, the others wait.
func (l *loop) NeedLeaderElection() bool { return true }

// once makes one pass. It fails when something was left out of it.
func (l *loop) once(ctx context.Context) error {
	pass, err := l.pass(ctx)
	if err != nil {
		return fmt.Errorf("the scan failed: %w", err)
	}
	if len(pass.Failed) > 0 {
		kinds := strings.Join(slices.Sorted(maps.Keys(pass.Failed)), ", ")
		return fmt.Errorf("not everything could be scanned; left out: %s", kinds)
	}
	if pass.Errors > 0 {
		return fmt.Errorf("not everything could be judged; objects that some rule failed on: %d", pass.Errors)
	}
	return nil
}

// pass makes a pass and logs how it went.
func (l *loop) pass(ctx context.Context) (finding.Pass, error) {
	l.log.V(1).Info("scan starts")
	pass, err := l.scanner.Pass(ctx)
	switch {
	case ctx.Err() != nil:
		l.log.Info("scan interrupted")
		return pass, ctx.Err()
	case err != nil:
		l.metrics.PassFailed()
		return pass, err
	}
	l.log.Info("scan done", "resources", pass.Resources, "findings", pass.Findings, "errors", pass.Errors,
		"failedKinds", len(pass.Failed), "duration", pass.Duration.Round(time.Millisecond).String())
	return pass, nil
}
