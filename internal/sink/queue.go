package sink

import (
	"context"
	"time"

	"github.com/go-logr/logr"

	"github.com/kubereeve/reeve/internal/finding"
)

// QueueRecorder counts what a queue could not deliver.
type QueueRecorder interface {
	// ReportDropped counts a report that found the queue full.
	ReportDropped()
	// SinkFailed counts a report that a sink did not take.
	SinkFailed()
}

// Queue stands between a door that must not wait and a sink that may.
type Queue struct {
	reports  chan finding.Report
	to       Sink
	recorder QueueRecorder
	log      logr.Logger
}

// NewQueue returns a queue of the given number of reports before a sink. Start
// must be called for reports to be delivered.
func NewQueue(size int, to Sink, recorder QueueRecorder, log logr.Logger) *Queue {
	return &Queue{reports: make(chan finding.Report, size), to: to, recorder: recorder, log: log}
}

// Write puts a report in the queue. It never waits: when the queue is full, the
// report is dropped and counted.
func (q *Queue) Write(_ context.Context, report finding.Report) error {
	select {
	case q.reports <- report:
	default:
		q.recorder.ReportDropped()
	}
	return nil
}

// drainTimeout bounds what a queue still delivers when the process ends.
const drainTimeout = 5 * time.Second

// Start delivers reports until ctx ends, and then what is in the queue still.
// It makes Queue a Runnable of controller-runtime's manager.
func (q *Queue) Start(ctx context.Context) error {
	// A sink at work when ctx ends may finish, too.
	outlive, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(drainTimeout, cancel) })()
	for {
		select {
		case report := <-q.reports:
			q.deliver(outlive, report)
		case <-ctx.Done():
			q.drain(outlive)
			return nil
		}
	}
}

// drain delivers what is in the queue.
func (q *Queue) drain(ctx context.Context) {
	for {
		select {
		case report := <-q.reports:
			q.deliver(ctx, report)
		default:
			return
		}
	}
}

// NeedLeaderElection is false: every replica delivers what it saw itself.
func (q *Queue) NeedLeaderElection() bool { return false }

func (q *Queue) deliver(ctx context.Context, report finding.Report) {
	if err := q.to.Write(ctx, report); err != nil {
		q.recorder.SinkFailed()
		q.log.Error(err, "a sink did not take a report")
	}
}
