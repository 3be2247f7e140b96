package metric_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/kubereeve/reeve/internal/sink/metric"
)

func TestFilesThatAreLeftOutAreNamedWithinBounds(t *testing.T) {
	registry := prometheus.NewRegistry()
	metrics := metric.New(registry)
	count := func() int {
		t.Helper()
		n, err := testutil.GatherAndCount(registry, "reeve_rule_file_problem")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	var files []string
	for i := range 1000 {
		files = append(files, fmt.Sprintf("rules/%04d.rego", i))
	}
	metrics.RuleFileProblems(files)
	if n := count(); n != 50 {
		t.Errorf("%d series of a thousand files, want 50", n)
	}
	metrics.RuleFileProblems([]string{"rules/a.rego"})
	want := "# HELP reeve_rule_file_problem 1 for each rule file that is left out, the first fifty by name.\n# TYPE reeve_rule_file_problem gauge\nreeve_rule_file_problem{file=\"rules/a.rego\"} 1\n"
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "reeve_rule_file_problem"); err != nil {
		t.Error(err)
	}
	metrics.RuleFileProblems(nil)
	if n := count(); n != 0 {
		t.Errorf("%d series when nothing is wrong, want none", n)
	}
}

func TestReloadsAreCountedByResult(t *testing.T) {
	registry := prometheus.NewRegistry()
	metrics := metric.New(registry)
	for _, result := range []string{"swapped", "failed", "swapped"} {
		metrics.RulesReloaded(result)
	}
	want := "# HELP reeve_rule_reloads_total Attempts to read rules and configuration anew, by result: swapped, unchanged or failed.\n# TYPE reeve_rule_reloads_total counter\n" +
		"reeve_rule_reloads_total{result=\"failed\"} 1\nreeve_rule_reloads_total{result=\"swapped\"} 2\n"
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "reeve_rule_reloads_total"); err != nil {
		t.Error(err)
	}
}
