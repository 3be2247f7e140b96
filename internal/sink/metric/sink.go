package metric

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
)

// openFindings counts the findings of a running scan, kind by kind, until the
// kind is complete.
type openFindings struct {
	mu    sync.Mutex
	pass  time.Time // the start of the pass that runs
	kinds map[schema.GroupKind]*kindFindings
}

type kindFindings struct {
	current map[findingLabels]int // of the pass that runs
	shown   map[findingLabels]int // of the last complete one
}

type findingLabels struct{ rule, severity string }

func newOpenFindings() *openFindings {
	return &openFindings{kinds: make(map[schema.GroupKind]*kindFindings)}
}

// Write counts a report's findings. Findings of a scan become visible when
// their kind is complete, so that a running pass never looks like an
// improvement.
func (m *Metrics) Write(_ context.Context, report finding.Report) error {
	if report.Door == finding.DoorAdmission {
		for _, verdict := range report.Verdicts {
			for _, f := range verdict.Findings {
				m.admitted.WithLabelValues(f.Rule, f.Severity.String(), f.Mode.String()).Inc()
			}
		}
		return nil
	}
	m.open.mu.Lock()
	defer m.open.mu.Unlock()
	m.open.enter(report.Time)
	if report.Kind.Kind != "" {
		m.count(report)
	}
	if report.Pass != nil {
		m.endPass(report)
	}
	return nil
}

// enter forgets what a pass has counted of kinds that it did not complete, as
// soon as another one begins: it would be added to the counts of that one.
func (o *openFindings) enter(pass time.Time) {
	if o.pass.Equal(pass) {
		return
	}
	o.pass = pass
	for _, kind := range o.kinds {
		clear(kind.current)
	}
}

// count adds a page of a scan to its kind.
func (m *Metrics) count(report finding.Report) {
	kind := m.open.kinds[report.Kind]
	if kind == nil {
		kind = &kindFindings{current: make(map[findingLabels]int)}
		m.open.kinds[report.Kind] = kind
	}
	for _, verdict := range report.Verdicts {
		for _, f := range verdict.Findings {
			kind.current[findingLabels{f.Rule, f.Severity.String()}]++
		}
	}
	if !report.Complete {
		return
	}
	name := report.Kind.String()
	for labels := range kind.shown {
		if _, still := kind.current[labels]; !still {
			m.findings.DeleteLabelValues(labels.rule, labels.severity, name)
		}
	}
	for labels, n := range kind.current {
		m.findings.WithLabelValues(labels.rule, labels.severity, name).Set(float64(n))
	}
	kind.shown, kind.current = kind.current, make(map[findingLabels]int)
}

// endPass records a pass.
func (m *Metrics) endPass(report finding.Report) {
	result := "complete"
	if len(report.Pass.Failed) > 0 {
		result = "partial"
	}
	m.passes.WithLabelValues(result).Inc()
	m.passTime.Set(report.Pass.Duration.Seconds())
	m.passEnd.Set(float64(report.Time.Add(report.Pass.Duration).Unix()))
	m.passResources.Set(float64(report.Pass.Resources))
	for kind := range report.Pass.Failed {
		m.kindFailures.WithLabelValues(kind).Inc()
	}
}
