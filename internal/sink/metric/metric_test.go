package metric_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/sink/metric"
)

var (
	roles = schema.GroupKind{Group: "rbac.authorization.k8s.io", Kind: "Role"}
	pods  = schema.GroupKind{Kind: "Pod"}
	first = time.Unix(1_000_000, 0)
)

// page returns a report of a scan with one finding of each of the given rules.
func page(pass time.Time, kind schema.GroupKind, complete bool, rules ...string) finding.Report {
	report := finding.Report{Door: finding.DoorScan, Time: pass, Kind: kind, Complete: complete}
	for _, rule := range rules {
		report.Verdicts = append(report.Verdicts, finding.Verdict{
			Findings: []finding.Finding{{Rule: rule, Severity: finding.High, Mode: finding.Warn}},
		})
	}
	return report
}

func end(pass time.Time, failed map[string]string) finding.Report {
	return finding.Report{Door: finding.DoorScan, Time: pass,
		Pass: &finding.Pass{Duration: 5 * time.Second, Resources: 42, Failed: failed}}
}

func TestFindingsOfScans(t *testing.T) {
	second := first.Add(time.Minute)
	for _, test := range []struct {
		name    string
		reports []finding.Report
		want    string
	}{
		{
			name: "appear when their kind is complete",
			reports: []finding.Report{
				page(first, roles, false, "a", "a"), page(first, roles, true, "a", "b"), page(first, pods, false, "c"),
			},
			want: `
reeve_findings{kind="Role.rbac.authorization.k8s.io",rule="a",severity="high"} 3
reeve_findings{kind="Role.rbac.authorization.k8s.io",rule="b",severity="high"} 1
`,
		},
		{
			name: "stay as they were while the next pass runs",
			reports: []finding.Report{
				page(first, roles, true, "a"), end(first, nil), page(second, roles, false, "a", "a"),
			},
			want: `
reeve_findings{kind="Role.rbac.authorization.k8s.io",rule="a",severity="high"} 1
`,
		},
		{
			name: "go with the pass that does not see them",
			reports: []finding.Report{
				page(first, roles, true, "a", "b"), page(first, pods, true, "a"), end(first, nil),
				page(second, roles, true, "b"), page(second, pods, true), end(second, nil),
			},
			want: `
reeve_findings{kind="Role.rbac.authorization.k8s.io",rule="b",severity="high"} 1
`,
		},
		{
			name: "stay when their kind could not be read whole",
			reports: []finding.Report{
				page(first, roles, true, "a"), end(first, nil),
				page(second, roles, false), end(second, map[string]string{roles.String(): "forbidden"}),
			},
			want: `
reeve_findings{kind="Role.rbac.authorization.k8s.io",rule="a",severity="high"} 1
`,
		},
		{
			name: "are not added to those of a pass that was interrupted",
			reports: []finding.Report{
				page(first, roles, false, "a", "a"), // and no end
				page(second, roles, true, "a"),
			},
			want: `
reeve_findings{kind="Role.rbac.authorization.k8s.io",rule="a",severity="high"} 1
`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			registry := prometheus.NewRegistry()
			metrics := metric.New(registry)
			for _, report := range test.reports {
				if err := metrics.Write(t.Context(), report); err != nil {
					t.Fatal(err)
				}
			}
			want := "# HELP reeve_findings Findings of the last scan of each kind, by rule, severity and kind.\n# TYPE reeve_findings gauge" + test.want
			if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "reeve_findings"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPassMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	metrics := metric.New(registry)
	metrics.PassFailed()
	for _, report := range []finding.Report{end(first, nil), end(first.Add(time.Minute), map[string]string{"Role.rbac.authorization.k8s.io": "forbidden"})} {
		if err := metrics.Write(t.Context(), report); err != nil {
			t.Fatal(err)
		}
	}
	want := `
# HELP reeve_scan_duration_seconds Duration of the last scan.
# TYPE reeve_scan_duration_seconds gauge
reeve_scan_duration_seconds 5
# HELP reeve_scan_kind_failures_total Kinds that a scan could not read whole, by kind.
# TYPE reeve_scan_kind_failures_total counter
reeve_scan_kind_failures_total{kind="Role.rbac.authorization.k8s.io"} 1
# HELP reeve_scan_last_end_timestamp_seconds When the last scan ended, as Unix time.
# TYPE reeve_scan_last_end_timestamp_seconds gauge
reeve_scan_last_end_timestamp_seconds 1.000065e+06
# HELP reeve_scan_passes_total Scans of the cluster that ended, by result: complete, partial or failed.
# TYPE reeve_scan_passes_total counter
reeve_scan_passes_total{result="complete"} 1
reeve_scan_passes_total{result="failed"} 1
reeve_scan_passes_total{result="partial"} 1
# HELP reeve_scan_resources Objects judged in the last scan.
# TYPE reeve_scan_resources gauge
reeve_scan_resources 42
`
	names := []string{"reeve_scan_duration_seconds", "reeve_scan_kind_failures_total", "reeve_scan_last_end_timestamp_seconds",
		"reeve_scan_passes_total", "reeve_scan_resources"}
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
}

func TestRecorders(t *testing.T) {
	registry := prometheus.NewRegistry()
	metrics := metric.New(registry)
	metrics.Reviewed("deny", time.Millisecond)
	metrics.Refused("busy")
	metrics.FailedOpen("deadline")
	metrics.RuleFailed("a", finding.CauseEval)
	metrics.CacheLookup(true)
	metrics.CacheLookup(false)
	metrics.CacheLookup(false)
	metrics.ReportDropped()
	metrics.SinkFailed()
	metrics.EventSkipped()
	metrics.RulesLoaded(25, 2)
	metrics.ConfigLoaded("abc", 3)
	metrics.ConfigLoaded("def", 2)
	metrics.ConfigReloaded("swapped", false)
	metrics.ConfigReloaded("failed", true)
	metrics.ExceptionsKnown(9, 4, 3, 2)
	metrics.ExceptionsStale(true)
	metrics.ExceptionStatus("written")
	metrics.CertificateLoaded(time.Unix(3, 0), time.Unix(7, 0))
	admission := page(first, schema.GroupKind{}, false, "a", "a")
	admission.Door = finding.DoorAdmission
	if err := metrics.Write(t.Context(), admission); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]float64)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := family.GetName()
			for _, label := range m.GetLabel() {
				name += " " + label.GetValue()
			}
			got[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	want := map[string]float64{
		"reeve_admission_reviews_total deny":                 1,
		"reeve_admission_duration_seconds":                   1,
		"reeve_admission_refused_total busy":                 1,
		"reeve_admission_failed_open_total deadline":         1,
		"reeve_admission_findings_total warn a high":         2, // mode, rule, severity
		"reeve_rule_failures_total eval a":                   1,
		"reeve_verdict_cache_lookups_total hit":              1,
		"reeve_verdict_cache_lookups_total miss":             2,
		"reeve_reports_dropped_total":                        1,
		"reeve_sink_failures_total":                          1,
		"reeve_events_skipped_total":                         1,
		"reeve_exceptions":                                   9,
		"reeve_exceptions_expired":                           4,
		"reeve_exceptions_unusable":                          3,
		"reeve_exceptions_left_out":                          2,
		"reeve_exceptions_stale":                             1,
		"reeve_exception_statuses_total written":             1,
		"reeve_rules":                                        25,
		"reeve_rule_files_quarantined":                       2,
		"reeve_serving_certificate_expiry_timestamp_seconds": 7,
		"reeve_config_info def":                              1,
		"reeve_config_reloads_total failed":                  1,
		"reeve_config_reloads_total swapped":                 1,
		"reeve_config_refused":                               1,
		"reeve_config_unmatched_names":                       2,
		"reeve_scan_duration_seconds":                        0,
		"reeve_scan_interval_seconds":                        0,
		"reeve_selfcheck_last_success_timestamp_seconds":     0,
		"reeve_scan_last_end_timestamp_seconds":              0,
		"reeve_scan_resources":                               0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v %v", problems, err)
	}
}
