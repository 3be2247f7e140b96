package webhook

import (
	"time"

	"github.com/kubereeve/reeve/internal/app/status"
	"github.com/kubereeve/reeve/internal/sink/metric"
)

// recorder counts in the metrics, and tells the registry what reeve status shows
// of it.
type recorder struct {
	*metric.Metrics
	registry *status.Registry
}

// FailedOpen counts a request that passed although something could not be
// judged.
func (r recorder) FailedOpen(cause string) {
	r.Metrics.FailedOpen(cause)
	r.registry.FailedOpen(cause)
}

// CertificateLoaded records when the serving certificate is valid.
func (r recorder) CertificateLoaded(notBefore, notAfter time.Time) {
	r.Metrics.CertificateLoaded(notBefore, notAfter)
	r.registry.SetCertificate(notBefore, notAfter)
}
