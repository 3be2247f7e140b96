// Package exception writes into each RuleException's status what a scan saw of
// it: how many findings it hides, whether it has expired, and whether it can hide
// anything at all.
package exception

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/time/rate"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/kubereeve/reeve/api/v1alpha1"
	"github.com/kubereeve/reeve/internal/finding"
)

// Recorder counts what became of statuses.
type Recorder interface {
	// ExceptionStatus counts a status by one of the results below.
	ExceptionStatus(result string)
}

// The results that a Recorder counts.
const (
	ResultWritten = "written"
	ResultSkipped = "skipped" // because of the rate limit; the next pass tries again
	ResultFailed  = "failed"
)

// Options configure the sink. All fields must be given unless they say otherwise.
type Options struct {
	// Known returns the exceptions that are known. They are not changed.
	Known func() []*v1alpha1.RuleException
	// Effect tells whether an exception can hide anything: one of the reasons of
	// package v1alpha1, and a sentence that says the same.
	Effect func(exception *v1alpha1.RuleException) (reason, message string)
	// End returns the moment from which an exception counts no longer; zero means
	// never.
	End func(exception *v1alpha1.RuleException) time.Time
	// Namespace is the namespace that is scanned, empty for all: of the exceptions
	// elsewhere nothing is known.
	Namespace string
	// Client writes statuses.
	Client dynamic.NamespaceableResourceInterface
	// Events writes that an exception has expired; nil writes none.
	Events corev1client.EventsGetter
	// Instance names this process, as in its pod's name.
	Instance string
	// PerSecond and Burst limit how many statuses are written.
	PerSecond float64
	Burst     int
	Recorder  Recorder
	Log       logr.Logger
	// Clock tells the time; nil means time.Now.
	Clock func() time.Time
}

// Sink counts what exceptions hide, and writes statuses at the end of a pass:
// only those that have changed, so that a quiet cluster is written nothing.
type Sink struct {
	options Options
	limiter *rate.Limiter
	pass    time.Time // the start of the running pass
	hidden  map[name]int32
}

// name names an exception.
type name struct{ namespace, name string }

// New returns the sink. Its Write must not be called concurrently.
func New(options Options) *Sink {
	if options.Clock == nil {
		options.Clock = time.Now
	}
	return &Sink{
		options: options,
		limiter: rate.NewLimiter(rate.Limit(options.PerSecond), options.Burst),
		hidden:  make(map[name]int32),
	}
}

// Write counts the findings of one report of a scan that exceptions hide, and
// writes the statuses when the report ends a pass. Reports of admissions are
// passed over: the same finding may come any number of times.
func (s *Sink) Write(ctx context.Context, report finding.Report) error {
	if report.Door != finding.DoorScan {
		return nil
	}
	if !report.Time.Equal(s.pass) {
		s.pass = report.Time
		clear(s.hidden)
	}
	for _, verdict := range report.Verdicts {
		for _, excepted := range verdict.Excepted {
			s.hidden[name{verdict.Resource.EffectiveNamespace(), excepted.Exception}]++
		}
	}
	if report.Pass == nil {
		return nil
	}
	return s.flush(ctx, len(report.Pass.Failed) == 0)
}

// flush writes the statuses that have changed. What exceptions hide is known only
// when the pass has read everything.
func (s *Sink) flush(ctx context.Context, complete bool) error {
	var first error
	failed := 0
	for _, e := range s.options.Known() {
		if s.options.Namespace != "" && e.Namespace != s.options.Namespace {
			continue
		}
		status, changed := s.status(e, complete)
		if !changed {
			continue
		}
		if !s.limiter.Allow() {
			s.options.Recorder.ExceptionStatus(ResultSkipped)
			continue
		}
		err := s.tell(ctx, e, status)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			s.options.Recorder.ExceptionStatus(ResultWritten)
		case apierrors.IsNotFound(err) || apierrors.IsConflict(err):
			// It has gone, or another of the same name has come.
		case apierrors.IsForbidden(err):
			s.options.Recorder.ExceptionStatus(ResultFailed)
			s.options.Log.Error(err, "the statuses of exceptions cannot be written; allow patch on ruleexceptions/status, and create on events")
			return nil // of the others neither
		default:
			s.options.Recorder.ExceptionStatus(ResultFailed)
			first = cmp.Or(first, err)
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d statuses of exceptions were not written; the first: %w", failed, first)
	}
	return nil
}

// requestTimeout bounds the writing of one status and its Event.
const requestTimeout = 10 * time.Second

// fieldManager owns the fields of the status.
const fieldManager = "reeve-scanner"

// tell writes one status, and before that the Event that an exception has
// expired: should one of the two fail, the next pass does both again.
func (s *Sink) tell(ctx context.Context, e *v1alpha1.RuleException, status v1alpha1.RuleExceptionStatus) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	if status.Expired && !e.Status.Expired && s.options.Events != nil {
		_, err := s.options.Events.Events(e.Namespace).Create(ctx, s.expired(e), metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	patch, err := statusPatch(e, status)
	if err != nil {
		return err
	}
	force := true
	_, err = s.options.Client.Namespace(e.Namespace).Patch(ctx, e.Name, types.ApplyPatchType, patch,
		metav1.PatchOptions{FieldManager: fieldManager, Force: &force}, "status")
	return err
}
