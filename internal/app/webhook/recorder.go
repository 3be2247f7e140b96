package webhook

import (
	"fmt"
	"time"

	"github.com/kubereeve/reeve/internal/app/exception"
	"github.com/kubereeve/reeve/internal/app/podevent"
	"github.com/kubereeve/reeve/internal/app/status"
	"github.com/kubereeve/reeve/internal/sink/metric"
)

// recorder counts in the metrics, and tells the registry what reeve status shows
// of it, and the pod's Events what somebody should mend.
type recorder struct {
	*metric.Metrics
	registry *status.Registry
	events   *podevent.Recorder // nil outside of a pod
}

// FailedOpen counts a request that passed although something could not be
// judged.
func (r recorder) FailedOpen(cause string) {
	r.Metrics.FailedOpen(cause)
	r.registry.FailedOpen(cause)
}

// RuleOverBudget counts an evaluation in which a rule took more time than it may.
func (r recorder) RuleOverBudget(rule string, took time.Duration) {
	r.Metrics.RuleOverBudget(rule, took)
	r.registry.RuleOverBudget(rule, took)
	r.events.RuleOverBudget(rule, took)
}

// CertificateLoaded records when the serving certificate is valid.
func (r recorder) CertificateLoaded(notBefore, notAfter time.Time) {
	r.Metrics.CertificateLoaded(notBefore, notAfter)
	r.registry.SetCertificate(notBefore, notAfter)
}

// exceptions records what is known of the exceptions.
func (r recorder) exceptions(state exception.State) {
	r.ExceptionsKnown(state.Known, state.Expired, state.Unusable, state.LeftOut)
	r.ExceptionsStale(state.Problem != nil)
	shown := status.Exceptions{Count: state.Known, Expired: state.Expired, Synced: state.Synced, StaleSince: state.StaleSince}
	switch {
	case state.Problem != nil:
		shown.Problem = state.Problem.Error()
	case state.LeftOut > 0:
		shown.Problem = fmt.Sprintf("%d more exceptions are left out: there are too many", state.LeftOut)
	case state.Unusable > 0:
		shown.Problem = fmt.Sprintf("%d exceptions cannot be used; the log says why", state.Unusable)
	}
	r.registry.SetExceptions(shown)
}
