// Package sink takes reports from the doors to whoever wants to know: metrics,
// Events, logs. Each sink is a package below this one.
package sink

import (
	"context"
	"errors"

	"github.com/kubereeve/reeve/internal/finding"
)

// Sink takes reports. Write must not change the report, keep it after it
// returns, or wait for long without heeding ctx.
type Sink interface {
	Write(ctx context.Context, report finding.Report) error
}

// Fanout gives every report to each of its sinks, whatever the others answer.
type Fanout []Sink

// Write returns the errors of all sinks, joined.
func (f Fanout) Write(ctx context.Context, report finding.Report) error {
	errs := make([]error, 0, len(f))
	for _, sink := range f {
		errs = append(errs, sink.Write(ctx, report))
	}
	return errors.Join(errs...)
}
