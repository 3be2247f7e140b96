package metric

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// maxProblemFiles bounds the series of files with problems: whoever may write
// rules must not be able to fill the monitoring.
const maxProblemFiles = 50

// ruleMetrics tell how loading the rules went.
type ruleMetrics struct {
	rules       prometheus.Gauge
	quarantined prometheus.Gauge
	problem     *prometheus.GaugeVec
	reloads     *prometheus.CounterVec
}

func newRuleMetrics(factory promauto.Factory) ruleMetrics {
	return ruleMetrics{
		rules: factory.NewGauge(prometheus.GaugeOpts{Namespace: "reeve", Name: "rules",
			Help: "Rules that are loaded and compiled."}),
		quarantined: factory.NewGauge(prometheus.GaugeOpts{Namespace: "reeve", Name: "rule_files_quarantined",
			Help: "Rule files left out because something is wrong with them."}),
		problem: factory.NewGaugeVec(prometheus.GaugeOpts{Namespace: "reeve", Name: "rule_file_problem",
			Help: "1 for each rule file that is left out, the first fifty by name."}, []string{"file"}),
		reloads: factory.NewCounterVec(prometheus.CounterOpts{Namespace: "reeve", Name: "rule_reloads_total",
			Help: "Attempts to read rules and configuration anew, by result: swapped, unchanged or failed."}, []string{"result"}),
	}
}

// RulesLoaded records how many rules are active and how many files are not.
func (m ruleMetrics) RulesLoaded(rules, quarantined int) {
	m.rules.Set(float64(rules))
	m.quarantined.Set(float64(quarantined))
}

// RuleFileProblems records the names of the files that are left out, in the order
// of which the first are kept.
func (m ruleMetrics) RuleFileProblems(files []string) {
	m.problem.Reset()
	for i, file := range files {
		if i == maxProblemFiles {
			return
		}
		m.problem.WithLabelValues(file).Set(1)
	}
}

// RulesReloaded counts an attempt to read rules and configuration anew.
func (m ruleMetrics) RulesReloaded(result string) { m.reloads.WithLabelValues(result).Inc() }
