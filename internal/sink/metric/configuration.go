package metric

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// configMetrics tell which configuration is in force and how reading it anew went.
type configMetrics struct {
	info      *prometheus.GaugeVec
	reloads   *prometheus.CounterVec
	refused   prometheus.Gauge
	unmatched prometheus.Gauge
}

func newConfigMetrics(factory promauto.Factory) configMetrics {
	return configMetrics{
		info: factory.NewGaugeVec(prometheus.GaugeOpts{Namespace: "reeve", Name: "config_info",
			Help: "1 for the revision of the configuration file in force; empty where there is none."}, []string{"revision"}),
		reloads: factory.NewCounterVec(prometheus.CounterOpts{Namespace: "reeve", Name: "config_reloads_total",
			Help: "Attempts to read the configuration file anew, by result: swapped, unchanged or failed."}, []string{"result"}),
		refused: factory.NewGauge(prometheus.GaugeOpts{Namespace: "reeve", Name: "config_refused",
			Help: "1 while the configuration file is refused and the one from before stays in force."}),
		unmatched: factory.NewGauge(prometheus.GaugeOpts{Namespace: "reeve", Name: "config_unmatched_names",
			Help: "Names in the configuration file that match no rule."}),
	}
}

// ConfigLoaded records the configuration in force, and how many names in it match
// no rule.
func (m configMetrics) ConfigLoaded(revision string, unmatched int) {
	m.info.Reset()
	m.info.WithLabelValues(revision).Set(1)
	m.unmatched.Set(float64(unmatched))
}

// ConfigReloaded counts an attempt to read the configuration anew, and records
// whether it was refused.
func (m configMetrics) ConfigReloaded(result string, refused bool) {
	m.reloads.WithLabelValues(result).Inc()
	m.refused.Set(0)
	if refused {
		m.refused.Set(1)
	}
}
