package metric

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// exceptionMetrics tell what is known of RuleExceptions.
type exceptionMetrics struct {
	known, expired, unusable, leftOut, stale prometheus.Gauge
	statuses                                 *prometheus.CounterVec
}

func newExceptionMetrics(factory promauto.Factory) exceptionMetrics {
	gauge := func(name, help string) prometheus.Gauge {
		return factory.NewGauge(prometheus.GaugeOpts{Namespace: "reeve", Name: name, Help: help})
	}
	return exceptionMetrics{
		known:    gauge("exceptions", "RuleExceptions that are known, expired ones too."),
		expired:  gauge("exceptions_expired", "RuleExceptions that have expired and count no longer; delete or renew them."),
		unusable: gauge("exceptions_unusable", "RuleExceptions that cannot be understood and count for nothing."),
		leftOut:  gauge("exceptions_left_out", "RuleExceptions that count for nothing because there are more than are kept."),
		stale:    gauge("exceptions_stale", "1 while the RuleExceptions cannot be watched and those last known count on, else 0."),
		statuses: factory.NewCounterVec(prometheus.CounterOpts{Namespace: "reeve", Name: "exception_statuses_total",
			Help: "Statuses of RuleExceptions after scans, by result: written, skipped (because of the rate limit; the next scan writes it) or failed."}, []string{"result"}),
	}
}

// ExceptionsKnown records how many exceptions are known, how many of them have
// expired or cannot be used, and how many were left out.
func (m exceptionMetrics) ExceptionsKnown(known, expired, unusable, leftOut int) {
	m.known.Set(float64(known))
	m.expired.Set(float64(expired))
	m.unusable.Set(float64(unusable))
	m.leftOut.Set(float64(leftOut))
}

// ExceptionsStale records whether the exceptions are those last known.
func (m exceptionMetrics) ExceptionsStale(stale bool) {
	value := 0.0
	if stale {
		value = 1
	}
	m.stale.Set(value)
}

// ExceptionStatus counts a status that was written, skipped or failed.
func (m exceptionMetrics) ExceptionStatus(result string) { m.statuses.WithLabelValues(result).Inc() }
