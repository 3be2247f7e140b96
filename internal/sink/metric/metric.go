// Package metric holds every Prometheus metric of Reeve: it counts what the
// doors and the engine do, and as a sink keeps the number of findings. Labels
// are bounded by the rule set; none names an object or a namespace.
package metric

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics implements the Recorder interfaces of the other packages and
// sink.Sink. It is safe for concurrent use.
type Metrics struct {
	ruleMetrics
	configMetrics
	exceptionMetrics
	reviews       *prometheus.CounterVec
	reviewTime    prometheus.Histogram
	refused       *prometheus.CounterVec
	failedOpen    *prometheus.CounterVec
	admitted      *prometheus.CounterVec
	ruleFailures  *prometheus.CounterVec
	ruleTime      *prometheus.CounterVec
	ruleRuns      *prometheus.CounterVec
	overBudget    *prometheus.CounterVec
	cacheLookups  *prometheus.CounterVec
	dropped       prometheus.Counter
	sinkFailures  prometheus.Counter
	eventsSkipped prometheus.Counter
	certificate   prometheus.Gauge
	ruleSet       *prometheus.GaugeVec
	selfChecks    *prometheus.CounterVec
	selfCheckPass prometheus.Gauge

	findings      *prometheus.GaugeVec
	passes        *prometheus.CounterVec
	passTime      prometheus.Gauge
	passInterval  prometheus.Gauge
	passEnd       prometheus.Gauge
	passResources prometheus.Gauge
	kindFailures  *prometheus.CounterVec
	open          *openFindings
}

// New registers all metrics and returns them. Registering twice with the same
// registerer panics, as it is a programming error.
func New(registerer prometheus.Registerer) *Metrics {
	factory := promauto.With(registerer)
	counter := func(name, help string) prometheus.Counter {
		return factory.NewCounter(prometheus.CounterOpts{Namespace: "reeve", Name: name, Help: help})
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return factory.NewCounterVec(prometheus.CounterOpts{Namespace: "reeve", Name: name, Help: help}, labels)
	}
	gauge := func(name, help string) prometheus.Gauge {
		return factory.NewGauge(prometheus.GaugeOpts{Namespace: "reeve", Name: name, Help: help})
	}
	return &Metrics{
		ruleMetrics: newRuleMetrics(factory), configMetrics: newConfigMetrics(factory), exceptionMetrics: newExceptionMetrics(factory),
		reviews: counters("admission_reviews_total", "Admission requests answered, by decision: allow, warn, deny or error.", "decision"),
		reviewTime: factory.NewHistogram(prometheus.HistogramOpts{Namespace: "reeve", Name: "admission_duration_seconds",
			Help:    "Time from a decoded admission request to its answer.",
			Buckets: []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .05, .1, .5, 1, 2}}),
		refused:       counters("admission_refused_total", "Requests that were not judged, by reason: busy, too_large, malformed or panic.", "reason"),
		failedOpen:    counters("admission_failed_open_total", "Requests that passed although something could not be judged, by cause.", "cause"),
		admitted:      counters("admission_findings_total", "Findings at admission, by rule, severity and mode.", "rule", "severity", "mode"),
		ruleFailures:  counters("rule_failures_total", "Rules that could not judge a resource, by rule and cause.", "rule", "cause"),
		ruleTime:      counters("rule_sampled_seconds_total", "Time that the rule took, in a sample of all evaluations.", "rule"),
		ruleRuns:      counters("rule_samples_total", "Evaluations in the sample of rule_sampled_seconds_total.", "rule"),
		overBudget:    counters("rule_over_budget_total", "Evaluations in which the rule took longer than its budget.", "rule"),
		cacheLookups:  counters("verdict_cache_lookups_total", "Looks into the verdict cache, by result: hit or miss.", "result"),
		dropped:       counter("reports_dropped_total", "Reports dropped because the queue before the sinks was full."),
		sinkFailures:  counter("sink_failures_total", "Reports that a sink did not take."),
		eventsSkipped: counter("events_skipped_total", "Kubernetes Events not written because of the rate limit; they are tried again in the next pass."),
		certificate:   gauge("serving_certificate_expiry_timestamp_seconds", "When the webhook's serving certificate ends, as Unix time."),
		ruleSet:       factory.NewGaugeVec(prometheus.GaugeOpts{Namespace: "reeve", Name: "rule_set_info", Help: "1, with the revision of the rules that judge."}, []string{"revision"}),
		selfChecks:    counters("selfcheck_total", "Checks that the webhook made of itself, by result: success, failure or busy.", "result"),
		selfCheckPass: gauge("selfcheck_last_success_timestamp_seconds", "When a self-check has passed last, as Unix time."),
		findings: factory.NewGaugeVec(prometheus.GaugeOpts{Namespace: "reeve", Name: "findings",
			Help: "Findings of the last scan of each kind, by rule, severity and kind."}, []string{"rule", "severity", "kind"}),
		passes:        counters("scan_passes_total", "Scans of the cluster that ended, by result: complete, partial or failed.", "result"),
		passTime:      gauge("scan_duration_seconds", "Duration of the last scan."),
		passInterval:  gauge("scan_interval_seconds", "Time from the start of one scan to the start of the next."),
		passEnd:       gauge("scan_last_end_timestamp_seconds", "When the last scan ended, as Unix time."),
		passResources: gauge("scan_resources", "Objects judged in the last scan."),
		kindFailures:  counters("scan_kind_failures_total", "Kinds that a scan could not read whole, by kind.", "kind"),
		open:          newOpenFindings(),
	}
}

// Reviewed counts an answered admission request.
func (m *Metrics) Reviewed(decision string, took time.Duration) {
	m.reviews.WithLabelValues(decision).Inc()
	m.reviewTime.Observe(took.Seconds())
}

// Refused counts a request that was not judged.
func (m *Metrics) Refused(reason string) { m.refused.WithLabelValues(reason).Inc() }

// FailedOpen counts a request that passed although something could not be
// judged.
func (m *Metrics) FailedOpen(cause string) { m.failedOpen.WithLabelValues(cause).Inc() }

// RuleFailed counts a rule that could not judge a resource.
func (m *Metrics) RuleFailed(rule, cause string) { m.ruleFailures.WithLabelValues(rule, cause).Inc() }

// RuleTook adds to the time of a rule.
func (m *Metrics) RuleTook(rule string, took time.Duration) {
	m.ruleTime.WithLabelValues(rule).Add(took.Seconds())
	m.ruleRuns.WithLabelValues(rule).Inc()
}

// RuleOverBudget counts a rule that took longer than its budget.
func (m *Metrics) RuleOverBudget(rule string, _ time.Duration) {
	m.overBudget.WithLabelValues(rule).Inc()
}

// CacheLookup counts a look into the verdict cache.
func (m *Metrics) CacheLookup(hit bool) {
	result := "miss"
	if hit {
		result = "hit"
	}
	m.cacheLookups.WithLabelValues(result).Inc()
}

// ReportDropped counts a report that found its queue full.
func (m *Metrics) ReportDropped() { m.dropped.Inc() }

// SinkFailed counts a report that a sink did not take.
func (m *Metrics) SinkFailed() { m.sinkFailures.Inc() }

// PassFailed counts a scan that could not find out what there is to scan.
func (m *Metrics) PassFailed() { m.passes.WithLabelValues("failed").Inc() }

// ScanInterval records how often the cluster is scanned.
func (m *Metrics) ScanInterval(interval time.Duration) { m.passInterval.Set(interval.Seconds()) }

// EventSkipped counts an Event held back by the rate limit.
func (m *Metrics) EventSkipped() { m.eventsSkipped.Inc() }

// RuleSet records which rules judge from now on.
func (m *Metrics) RuleSet(revision string) {
	m.ruleSet.Reset()
	m.ruleSet.WithLabelValues(revision).Set(1)
}

// SelfChecked counts a check that the webhook made of itself.
func (m *Metrics) SelfChecked(result string, at time.Time) {
	m.selfChecks.WithLabelValues(result).Inc()
	if result == "success" {
		m.selfCheckPass.Set(float64(at.Unix()))
	}
}

// CertificateLoaded records when the serving certificate ends.
func (m *Metrics) CertificateLoaded(_, notAfter time.Time) {
	m.certificate.Set(float64(notAfter.Unix()))
}
