// Package event writes Kubernetes Events on the objects that a scan finds fault
// with, so that kubectl describe shows the findings where people look.
package event

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/kubereeve/reeve/internal/finding"
)

// Recorder counts Events that were held back.
type Recorder interface {
	// EventSkipped counts an Event that was not written because of a rate
	// limit, here or in the API server.
	EventSkipped()
}

// Options configure the sink. All fields must be given unless they say
// otherwise.
type Options struct {
	Client corev1client.EventsGetter
	// Instance names this process, as in its pod's name.
	Instance string
	// PerSecond and Burst limit how many Events are written.
	PerSecond float64
	Burst     int
	// Remembered is the number of objects whose findings are remembered; 0
	// means DefaultRemembered.
	Remembered int
	Recorder   Recorder
	Log        logr.Logger
}

// DefaultRemembered is enough for a large cluster, at some 150 bytes each.
const DefaultRemembered = 65536

// Sink writes one Event per object when its findings are new or have changed.
//
// It remembers what it has written. What it cannot remember, because it was
// restarted or there are too many objects, the API server does while the Event
// lives: an Event's name follows from the object and its findings.
type Sink struct {
	options Options
	limiter *rate.Limiter
	written *lru.Cache[string, record] // by UID
	// completed holds the start of the last pass that read a kind whole.
	completed map[schema.GroupKind]time.Time
	// refused holds the namespaces in which the running pass may not write.
	refused map[string]bool
	warned  bool      // of lacking permission, in the running pass
	pass    time.Time // the start of the running pass
}

// record is what is remembered of an object.
type record struct {
	findings digest
	seen     time.Time // the start of the last pass that found it
}

// New returns the sink. Its Write must not be called concurrently.
func New(options Options) (*Sink, error) {
	if options.Remembered == 0 {
		options.Remembered = DefaultRemembered
	}
	written, err := lru.New[string, record](options.Remembered)
	if err != nil {
		return nil, err
	}
	return &Sink{
		options:   options,
		limiter:   rate.NewLimiter(rate.Limit(options.PerSecond), options.Burst),
		written:   written,
		completed: make(map[schema.GroupKind]time.Time),
		refused:   make(map[string]bool),
	}, nil
}

// Write writes the Events of one report of a scan; reports of admissions are
// passed over, as their objects may never come to exist. What is held back or
// refused is not remembered, so the next pass tries again. Lack of permission
// is logged once a pass.
func (s *Sink) Write(ctx context.Context, report finding.Report) error {
	if report.Door != finding.DoorScan {
		return nil
	}
	if !report.Time.Equal(s.pass) {
		s.pass, s.warned = report.Time, false
		clear(s.refused)
	}
	var first error
	failed := 0
	for _, verdict := range report.Verdicts {
		if len(verdict.Findings) == 0 || verdict.Resource.UID == "" {
			continue
		}
		if err := s.tell(ctx, report, verdict); err != nil {
			first = cmp.Or(first, err)
			failed++
		}
		if ctx.Err() != nil {
			break
		}
	}
	if report.Complete {
		s.completed[report.Kind] = report.Time
	}
	if failed > 0 {
		return fmt.Errorf("%d Events were not written; the first: %w", failed, first)
	}
	return nil
}

// tell writes the Event of one object unless nothing has changed.
func (s *Sink) tell(ctx context.Context, report finding.Report, verdict finding.Verdict) error {
	uid := verdict.Resource.UID
	now := record{findings: digestOf(verdict.Findings), seen: report.Time}
	before, known := s.written.Get(uid)
	// Findings that a whole pass did not see were gone, and are news again.
	gone := before.seen.Before(s.completed[report.Kind])
	if !known || before.findings != now.findings || gone {
		if written, err := s.create(ctx, verdict, now.findings); !written {
			return err
		}
	}
	s.written.Add(uid, now)
	return nil
}

// create writes an Event. It returns whether the Event exists now.
func (s *Sink) create(ctx context.Context, verdict finding.Verdict, findings digest) (bool, error) {
	event := s.event(verdict, findings)
	if s.refused[event.Namespace] {
		return false, nil
	}
	if !s.limiter.Allow() {
		s.options.Recorder.EventSkipped()
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	_, err := s.options.Client.Events(event.Namespace).Create(ctx, event, metav1.CreateOptions{})
	switch {
	case err == nil || apierrors.IsAlreadyExists(err):
		return true, nil
	case apierrors.IsTooManyRequests(err):
		s.options.Recorder.EventSkipped()
		return false, nil
	case apierrors.IsNotFound(err) || apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		s.refused[event.Namespace] = true
		s.options.Log.V(1).Info("no Events in a namespace that is going away", "namespace", event.Namespace)
		return false, nil
	case apierrors.IsForbidden(err):
		if !s.warned {
			s.options.Log.Error(err, "Events cannot be written; give the scanner the right to create events, or start it with --events=false", "namespace", event.Namespace)
		}
		s.refused[event.Namespace], s.warned = true, true
		return false, nil
	}
	return false, err
}

// requestTimeout bounds the writing of one Event.
const requestTimeout = 10 * time.Second
