package metric_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubereeve/reeve/internal/sink/metric"
)

// names keeps the names of the metrics that are registered.
type names map[string]bool

var named = regexp.MustCompile(`fqName: "([a-z_]+)"`)

// Register keeps a collector's names.
func (n names) Register(collector prometheus.Collector) error {
	descriptions := make(chan *prometheus.Desc, 16)
	collector.Describe(descriptions)
	close(descriptions)
	for description := range descriptions {
		n[named.FindStringSubmatch(description.String())[1]] = true
	}
	return nil
}

// MustRegister keeps the names of collectors.
func (n names) MustRegister(collectors ...prometheus.Collector) {
	for _, collector := range collectors {
		_ = n.Register(collector) // never fails
	}
}

// Unregister is not for this.
func (n names) Unregister(prometheus.Collector) bool { return false }

// An alert on a metric that does not exist never fires.
func TestTheMetricsInTheDocumentsExist(t *testing.T) {
	registered := names{}
	metric.New(registered)
	if len(registered) < 20 {
		t.Fatalf("%d metrics: the test looks in the wrong place", len(registered))
	}
	for _, file := range []string{"../../../README.md", "../../../docs/operations.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`\breeve_[a-z_]+`).FindAllString(string(text), -1) {
			if !registered[name] && !registered[strings.TrimSuffix(name, "_")] {
				t.Errorf("%s names %s, which does not exist", file, name)
			}
		}
	}
}
