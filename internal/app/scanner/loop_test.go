package scanner

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr/testr"
	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/internal/finding"
)

// passes is a scanner whose passes take a given time each.
type passes struct {
	take    []time.Duration // of each pass; the last is that of all others
	err     error
	pass    finding.Pass
	begin   time.Time
	starts  []time.Duration
	running bool
	t       *testing.T
}

func (p *passes) Pass(ctx context.Context) (finding.Pass, error) {
	if p.running {
		p.t.Error("passes overlap")
	}
	p.running = true
	defer func() { p.running = false }()
	take := p.take[min(len(p.starts), len(p.take)-1)]
	p.starts = append(p.starts, time.Since(p.begin))
	select {
	case <-time.After(take):
		return p.pass, p.err
	case <-ctx.Done():
		return finding.Pass{}, ctx.Err()
	}
}

type failures int

func (f *failures) PassFailed() { *f++ }

func TestCadence(t *testing.T) {
	minutes := func(starts ...float64) []time.Duration {
		var durations []time.Duration
		for _, start := range starts {
			durations = append(durations, time.Duration(start*float64(time.Minute)))
		}
		return durations
	}
	for _, test := range []struct {
		name string
		take []time.Duration
		err  error
		want []time.Duration
	}{
		{name: "counts from start to start", take: minutes(3), want: minutes(0, 10, 20, 30)},
		{name: "goes on at the next tick after a long pass", take: minutes(25, 1), want: minutes(0, 30, 40)},
		{name: "does not drift with varying passes", take: minutes(9, 1, 11, 2), want: minutes(0, 10, 20, 40)},
		{name: "goes on after a pass that failed", take: minutes(1), err: errors.New("no answer"), want: minutes(0, 10, 20, 30)},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), test.want[len(test.want)-1]+30*time.Second)
				defer cancel()
				scanner := &passes{take: test.take, err: test.err, begin: time.Now(), t: t}
				failed := new(failures)
				l := &loop{scanner: scanner, interval: 10 * time.Minute, metrics: failed, log: testr.New(t)}
				if err := l.Start(ctx); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, scanner.starts); diff != "" {
					t.Errorf("starts (-want +got):\n%s", diff)
				}
				if test.err != nil && int(*failed) != len(scanner.starts)-1 { // the last was interrupted
					t.Errorf("%d failed passes counted, want %d", *failed, len(scanner.starts)-1)
				}
			})
		})
	}
}

func TestOnce(t *testing.T) {
	for _, test := range []struct {
		name string
		pass finding.Pass
		err  error
		want string
	}{
		{name: "succeeds when everything was scanned", pass: finding.Pass{Resources: 3, Findings: 2}},
		{name: "names the kinds left out", pass: finding.Pass{Failed: map[string]string{"Role": "forbidden", "Pod": "forbidden"}}, want: "Pod, Role"},
		{name: "fails when rules did", pass: finding.Pass{Errors: 4}, want: "4"},
		{name: "fails when the scan did", err: errors.New("no answer"), want: "no answer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := &loop{scanner: &passes{take: []time.Duration{0}, pass: test.pass, err: test.err, t: t}, metrics: new(failures), log: testr.New(t)}
			err := l.once(t.Context())
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestOptionsNameTheWrongFlag(t *testing.T) {
	for flag, args := range map[string][]string{
		"--interval":          {"--interval=10ms"},
		"--page-size":         {"--page-size=0"},
		"--events-per-second": {"--events-per-second=0"},
		"--event-burst":       {"--event-burst=0"},
		"--exception-limit":   {"--exception-limit=0"},
		"--report-log":        {"--report-log=file"},
		"--log-level":         {"--log-level=loud"},
		"--kubeconfig":        {"--kubeconfig=", "--metrics-listen="},
		"kubeconfig":          {"--kubeconfig=/nowhere"},
		"--select":            {"--select=no-such-rule", "--kubeconfig=testdata/kubeconfig.yaml"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Setenv("KUBECONFIG", "/nowhere")
			command := Command()
			command.SetArgs(args)
			if err := command.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), flag) {
				t.Errorf("error %v does not name %s", err, flag)
			}
		})
	}
}
