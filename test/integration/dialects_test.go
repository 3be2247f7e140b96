package integration_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubereeve/reeve/test/envtest"
	"github.com/kubereeve/reeve/test/program"
)

// dialectRules is one directory with rules of all dialects. Each finds the label
// breaks with a value of its own.
const dialectRules = "testdata/dialects"

// TestDialectsAtAllDoors gives pods that each violate one rule, and one that
// violates none, to the webhook, the scanner and the command line.
func TestDialectsAtAllDoors(t *testing.T) {
	cluster := envtest.Start(t)
	const namespace = "dialects"
	p := startWebhook(t, cluster.Kubeconfig, "--rules", dialectRules, "--strict", "--mode-for", "privileged-container=deny").serve(t)
	tests := []struct{ breaks, rule, mode, message string }{
		{"nothing", "", "", ""},
		{"native-v0", "native-v0", "warn", "native, version 0"},
		{"native-v1", "native-v1", "deny", "native, version 1"},
		{"conftest-v0", "conftest/conftest/v0", "deny", "conftest, version 0: conftest-v0"},
		{"conftest-v1", "conftest/conftest/v1", "warn", "conftest, version 1: conftest-v1"},
		{"admissionreview-v0", "admissionreview/admissionreview/v0", "deny", "AdmissionReview, version 0: admissionreview-v0"},
		{"admissionreview-v1", "admissionreview/admissionreview/v1", "deny", "AdmissionReview, version 1"},
		{"kubeeye-v0", "kubeeye/label_v0", "warn", "KubeEye, version 0"},
		{"kubeeye-v1", "kubeeye/label_v1", "warn", "KubeEye, version 1"},
		{"gatekeeper-v0", "gatekeeper/AcmeLabel/old", "deny", "Gatekeeper, version 0"},
		{"gatekeeper-v1", "gatekeeper/AcmeLabelNew/new", "warn", "Gatekeeper, version 1"},
		{"kubescape-v0", "kubescape/label-v0", "warn", "Kubescape, version 0: kubescape-v0"},
		{"kubescape-v1", "kubescape/label-v1", "warn", "Kubescape, version 1: kubescape-v1"},
	}
	// What the scans are to find: the pods that are there already.
	if _, stderr, code := cluster.KubectlInput(t, namespaceManifest(namespace), "apply", "-f", "-"); code != 0 {
		t.Fatal(stderr)
	}
	var all strings.Builder
	want := []string{}
	for _, test := range tests {
		all.WriteString("---\n" + labelled(namespace, test.breaks))
		if test.rule != "" {
			want = append(want, strings.Join([]string{test.rule, test.mode, test.breaks, test.message}, " | "))
		}
	}
	slices.Sort(want)
	if _, stderr, code := cluster.KubectlInput(t, all.String(), "apply", "-f", "-"); code != 0 {
		t.Fatal(stderr)
	}
	manifests := filepath.Join(t.TempDir(), "pods.yaml")
	if err := os.WriteFile(manifests, []byte(namespaceManifest(namespace)+all.String()), 0o600); err != nil {
		t.Fatal(err)
	}

	t.Run("the webhook", func(t *testing.T) {
		watchNamespace(t, cluster, p, namespace)
		for _, test := range tests {
			if _, stderr, code := cluster.Kubectl(t, "-n", namespace, "delete", "pod", test.breaks, "--now"); code != 0 {
				t.Fatal(stderr)
			}
			stdout, stderr, code := cluster.KubectlInput(t, labelled(namespace, test.breaks), "apply", "--dry-run=server", "-f", "-")
			if (code != 0) != (test.mode == "deny") {
				t.Errorf("%s: exit code %d: %s%s", test.breaks, code, stdout, stderr)
			}
			for _, other := range tests {
				if other.rule == "" {
					continue
				}
				said := strings.Contains(stderr, other.message) && strings.Contains(stderr, "("+other.rule+")")
				if said != (other == test) {
					t.Errorf("%s: what %s finds is said: %t\n%s", test.breaks, other.rule, said, stderr)
				}
			}
		}
		if _, stderr, code := cluster.KubectlInput(t, labelled(namespace, "nothing"), "apply", "-f", "-"); code != 0 {
			t.Error(stderr)
		}
	})
	reeve := program.Path(t, "reeve")
	t.Run("the command line on files", func(t *testing.T) {
		compareFindings(t, want, audited(t, reeve, "-f", manifests))
	})
	t.Run("the scanner and the command line on the cluster", func(t *testing.T) {
		scanned(t, cluster, reeve, namespace, want)
	})
}

// labelled returns a pod of the name that its label says it breaks.
func labelled(namespace, breaks string) string {
	return strings.Replace(manifest(namespace, breaks), "name: "+breaks+"}", "name: "+breaks+", labels: {breaks: "+breaks+"}}", 1)
}

// dialectFinding is a finding as the command line and the scanner's log write it.
type dialectFinding struct {
	Rule, Mode, Message string
	Resource            struct{ Name string }
}

// findingsText returns the findings of the rules in testdata, sorted.
func findingsText(findings []dialectFinding) []string {
	got := []string{}
	for _, f := range findings {
		if strings.Contains(f.Rule, "/") || strings.HasPrefix(f.Rule, "native-") {
			got = append(got, strings.Join([]string{f.Rule, f.Mode, f.Resource.Name, f.Message}, " | "))
		}
	}
	slices.Sort(got)
	return got
}

func compareFindings(t *testing.T, want []string, findings []dialectFinding) {
	t.Helper()
	if diff := cmp.Diff(want, findingsText(findings)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// audited returns what reeve audit finds.
func audited(t *testing.T, reeve string, arguments ...string) []dialectFinding {
	t.Helper()
	command := exec.CommandContext(t.Context(), reeve, append([]string{"audit", "--rules", dialectRules, "-o", "json"}, arguments...)...)
	output, err := command.Output()
	if code := command.ProcessState.ExitCode(); code != 2 {
		t.Fatalf("exit code %d, want 2: %v: %s", code, err, output)
	}
	var report struct{ Findings []dialectFinding }
	if err := json.Unmarshal(output, &report); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return report.Findings
}

func scanned(t *testing.T, cluster *envtest.Cluster, reeve, namespace string, want []string) {
	t.Helper()
	for _, line := range want {
		name := strings.Split(line, " | ")[2]
		if _, stderr, code := cluster.KubectlInput(t, labelled(namespace, name), "apply", "-f", "-"); code != 0 {
			t.Fatal(stderr)
		}
	}
	compareFindings(t, want, audited(t, reeve, "--kubeconfig", cluster.Kubeconfig, "-n", namespace))

	scanner := start(t, program.Path(t, "scanner"), cluster.Config, "--once", "--events=false", "--namespace", namespace, "--rules", dialectRules, "--strict", "--report-log=stdout")
	if code := scanner.wait(t); code != 0 {
		t.Fatalf("exit code %d: %v", code, scanner.lines())
	}
	var findings []dialectFinding
	for line := range strings.Lines(scanner.stdout.String()) {
		var record struct {
			Record string
			dialectFinding
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if record.Record == "finding" {
			findings = append(findings, record.dialectFinding)
		}
	}
	compareFindings(t, want, findings)
}
