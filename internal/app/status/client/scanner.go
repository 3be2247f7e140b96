package client

import (
	"bytes"
	"context"
	"fmt"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Scanner is what a scanner's metrics tell, or why they do not.
type Scanner struct {
	Name string `json:"name"`
	// Revision is that of its rules.
	Revision string `json:"revision,omitempty"`
	Rules    int    `json:"rules"`
	LeftOut  int    `json:"leftOut"`
	// LastEnd is when its last scan has ended; zero for a replica that only waits
	// to become the leader, or has not ended one yet.
	LastEnd  time.Time     `json:"lastEnd,omitzero"`
	Took     time.Duration `json:"-"`
	Interval time.Duration `json:"-"`
	// Partial and Failed count scans since the start that left something out or did
	// not come about.
	Partial int `json:"partial"`
	Failed  int `json:"failed"`

	Err error  `json:"-"`
	Pod string `json:"pod,omitempty"` // why the pod does not run
}

// Scanners asks every scanner. It fails when nobody knows which there are.
func (c *Client) Scanners(ctx context.Context) ([]Scanner, error) {
	targets, err := c.targets(ctx, scanners, c.options.ScannerAddresses)
	if err != nil {
		return nil, err
	}
	found := make([]Scanner, len(targets))
	each(targets, func(i int, t target) {
		found[i] = Scanner{Name: t.name, Pod: t.idle}
		if t.idle != "" {
			return
		}
		ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
		defer cancel()
		text, err := c.fetch(ctx, t, "/metrics", "", nil)
		if err == nil {
			err = found[i].read(text)
		}
		found[i].Err = err
	})
	return found, nil
}

// read reads metrics in Prometheus' text format.
func (s *Scanner) read(text []byte) error {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("the metrics cannot be read: %w", err)
	}
	if families["reeve_rules"] == nil {
		return fmt.Errorf("the metrics are not those of a scanner")
	}
	value := func(name, label string) float64 {
		sum := 0.0
		for _, metric := range families[name].GetMetric() {
			if label == "" || labelled(metric, label) {
				sum += metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
			}
		}
		return sum
	}
	seconds := func(name string) time.Duration { return time.Duration(value(name, "") * float64(time.Second)) }
	for _, metric := range families["reeve_rule_set_info"].GetMetric() {
		s.Revision = metric.GetLabel()[0].GetValue()
	}
	s.Rules, s.LeftOut = int(value("reeve_rules", "")), int(value("reeve_rule_files_quarantined", ""))
	if end := value("reeve_scan_last_end_timestamp_seconds", ""); end > 0 {
		s.LastEnd = time.Unix(int64(end), 0)
	}
	s.Took, s.Interval = seconds("reeve_scan_duration_seconds"), seconds("reeve_scan_interval_seconds")
	s.Partial, s.Failed = int(value("reeve_scan_passes_total", "partial")), int(value("reeve_scan_passes_total", "failed"))
	return nil
}

// labelled tells whether some label of a metric has a value.
func labelled(metric *dto.Metric, value string) bool {
	for _, label := range metric.GetLabel() {
		if label.GetValue() == value {
			return true
		}
	}
	return false
}
