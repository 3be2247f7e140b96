package client

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
)

func TestScannersMetrics(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       Scanner
		wrong      string
	}{
		{name: "of one that leads", text: `
# TYPE reeve_rules gauge
reeve_rules 70
# TYPE reeve_rule_set_info gauge
reeve_rule_set_info{revision="abc"} 1
# TYPE reeve_rule_files_quarantined gauge
reeve_rule_files_quarantined 2
# TYPE reeve_scan_last_end_timestamp_seconds gauge
reeve_scan_last_end_timestamp_seconds 1.7e+09
# TYPE reeve_scan_duration_seconds gauge
reeve_scan_duration_seconds 1.5
# TYPE reeve_scan_interval_seconds gauge
reeve_scan_interval_seconds 600
# TYPE reeve_scan_passes_total counter
reeve_scan_passes_total{result="complete"} 7
reeve_scan_passes_total{result="partial"} 3
reeve_scan_passes_total{result="failed"} 1
`, want: Scanner{Revision: "abc", Rules: 70, LeftOut: 2, LastEnd: time.Unix(1.7e9, 0), Took: 1500 * time.Millisecond, Interval: 10 * time.Minute, Partial: 3, Failed: 1}},
		{name: "of one that waits", text: "# TYPE reeve_rules gauge\nreeve_rules 70\n# TYPE reeve_scan_last_end_timestamp_seconds gauge\nreeve_scan_last_end_timestamp_seconds 0\n", want: Scanner{Rules: 70}},
		{name: "of somebody else", text: "go_goroutines 7\n", wrong: "not those of a scanner"},
		{name: "that are none", text: "<html>", wrong: "cannot be read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got Scanner
			err := got.read([]byte(test.text))
			if test.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), test.wrong) {
					t.Errorf("error %v", err)
				}
				return
			}
			if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
				t.Errorf("error %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestWhyAPodIsNotAsked(t *testing.T) {
	waiting := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}
	ended := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "OOMKilled"}}
	for want, status := range map[string]corev1.PodStatus{
		"":                 {Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{{}}},
		"Pending":          {},
		"CrashLoopBackOff": {Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{{State: waiting}}},
		"OOMKilled":        {Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{{State: ended}}},
	} {
		if got := idle(&corev1.Pod{Status: status}); got != want {
			t.Errorf("%q instead of %q", got, want)
		}
	}
}

func TestWhatAnswersMean(t *testing.T) {
	for code, want := range map[int]string{
		http.StatusOK:                  "",
		http.StatusUnauthorized:        "the token was not accepted",
		http.StatusInternalServerError: "the token was not accepted",
		http.StatusForbidden:           "bind it to the ClusterRole reeve-status-reader",
		http.StatusTooManyRequests:     "status 429: calm down",
	} {
		err := explain(code, []byte("calm down\n"))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%d: %v", code, err)
		}
	}
}

// Nothing is sent to anybody before it is known by what to trust them.
func TestCredentialsFromFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"empty": "\n", "two": "one two\n", "token": "secret\n", "none.crt": "nothing"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ token, authorities, want string }{
		{"missing", "none.crt", "no such file"},
		{"empty", "none.crt", "does not hold one token"},
		{"two", "none.crt", "does not hold one token"},
		{"token", "missing", "no such file"},
		{"token", "none.crt", "there is no certificate in"},
	} {
		c, err := New(Options{Addresses: []string{"https://127.0.0.1:1"}, TokenFile: filepath.Join(dir, test.token), CAFile: filepath.Join(dir, test.authorities)})
		if err != nil {
			t.Fatal(err)
		}
		answers, err := c.States(t.Context())
		if err != nil || len(answers) != 1 || answers[0].Err == nil || !strings.Contains(answers[0].Err.Error(), test.want) {
			t.Errorf("%+v: %+v, error %v", test, answers, err)
		}
	}
	if _, err := New(Options{Addresses: []string{"https://127.0.0.1:1"}}); err == nil {
		t.Error("a client without a cluster needs more than addresses")
	}
	if _, err := New(Options{Config: &rest.Config{Host: "https://127.0.0.1:1"}}); err != nil {
		t.Error(err)
	}
}
