package sink_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr/testr"
	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/sink"
)

// keeper keeps the revisions of the reports it takes.
type keeper struct {
	revisions []string
	err       error
	delay     time.Duration
}

func (k *keeper) Write(ctx context.Context, report finding.Report) error {
	select {
	case <-time.After(k.delay):
	case <-ctx.Done():
		return ctx.Err()
	}
	k.revisions = append(k.revisions, report.Revision)
	return k.err
}

type recorder struct{ dropped, failed int }

func (r *recorder) ReportDropped() { r.dropped++ }
func (r *recorder) SinkFailed()    { r.failed++ }

func report(revision string) finding.Report { return finding.Report{Revision: revision} }

func TestFanoutGivesToAllAndJoinsErrors(t *testing.T) {
	full, gone := errors.New("full"), errors.New("gone")
	a, b, c := &keeper{err: full}, &keeper{}, &keeper{err: gone}
	err := sink.Fanout{a, b, c}.Write(t.Context(), report("1"))
	if !errors.Is(err, full) || !errors.Is(err, gone) {
		t.Errorf("error %v, want both", err)
	}
	for _, k := range []*keeper{a, b, c} {
		if diff := cmp.Diff([]string{"1"}, k.revisions); diff != "" {
			t.Errorf("reports (-want +got):\n%s", diff)
		}
	}
}

func TestQueue(t *testing.T) {
	for _, test := range []struct {
		name            string
		keeper          *keeper
		want            []string
		dropped, failed int
	}{
		{name: "delivers in order, and drops what it has no room for", keeper: &keeper{}, want: []string{"1", "2"}, dropped: 1},
		{name: "counts what the sink does not take", keeper: &keeper{err: errors.New("full")}, want: []string{"1", "2"}, dropped: 1, failed: 2},
		{name: "gives up a sink that takes too long at the end", keeper: &keeper{delay: 4 * time.Second}, want: []string{"1"}, dropped: 1, failed: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				count := &recorder{}
				queue := sink.NewQueue(2, test.keeper, count, testr.New(t))
				for _, revision := range []string{"1", "2", "3"} {
					if err := queue.Write(t.Context(), report(revision)); err != nil {
						t.Fatal(err)
					}
				}
				ended, cancel := context.WithCancel(t.Context())
				cancel()
				if err := queue.Start(ended); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, test.keeper.revisions); diff != "" {
					t.Errorf("delivered (-want +got):\n%s", diff)
				}
				if count.dropped != test.dropped || count.failed != test.failed {
					t.Errorf("dropped %d, failed %d; want %d and %d", count.dropped, count.failed, test.dropped, test.failed)
				}
			})
		})
	}
}
