//go:build e2e

// Package e2e_test runs Reeve as people do: the webhook and the scanner as pods
// on a real node, with images built FROM scratch, and pods that really crash.
// hack/e2e.sh prepares the cluster.
package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// patience bounds every wait. A crash loop needs three crashes and two backoffs
// of the kubelet, about half a minute.
const patience = 3 * time.Minute

func TestMain(m *testing.M) {
	if err := deploy(); err != nil {
		fmt.Fprintln(os.Stderr, "deploy:", err)
		dump()
		os.Exit(1)
	}
	code := m.Run()
	if code != 0 {
		dump()
	}
	os.Exit(code)
}

// deploy installs the webhook and the scanner as config/ describes them, with a
// certificate from a file instead of cert-manager.
func deploy() error {
	certificate := os.Getenv("REEVE_E2E_CERTIFICATE")
	if certificate == "" {
		return fmt.Errorf("REEVE_E2E_CERTIFICATE is not set; run make e2e")
	}
	for _, arguments := range [][]string{
		{"apply", "-f", "testdata/namespaces.yaml"},
		{"create", "secret", "generic", "reeve-webhook-certificate", "-n", "reeve-system",
			"--from-file=" + certificate + "/tls.crt", "--from-file=" + certificate + "/tls.key"},
		{"apply", "-k", "testdata/reeve"},
		{"rollout", "status", "-n", "reeve-system", "--timeout=120s", "deployment/reeve-webhook"},
		{"rollout", "status", "-n", "reeve-system", "--timeout=120s", "deployment/reeve-scanner"},
	} {
		if output, err := kubectl(arguments...); err != nil {
			return fmt.Errorf("kubectl %s: %w\n%s", strings.Join(arguments, " "), err, output)
		}
	}
	return trust(certificate + "/ca.crt")
}

// trust tells the API server by which authority to know the webhook.
func trust(file string) error {
	authority, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	patch := fmt.Sprintf(`[{"op":"add","path":"/webhooks/0/clientConfig/caBundle","value":%q}]`, base64Text(authority))
	if output, err := kubectl("patch", "validatingwebhookconfiguration", "reeve", "--type=json", "--patch", patch); err != nil {
		return fmt.Errorf("%w\n%s", err, output)
	}
	return nil
}

// kubectl runs kubectl and returns both of its outputs together.
func kubectl(arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	output, err := exec.CommandContext(ctx, "kubectl", arguments...).CombinedOutput()
	return string(output), err
}

// mustKubectl fails the test when kubectl does.
func mustKubectl(t *testing.T, arguments ...string) string {
	t.Helper()
	output, err := kubectl(arguments...)
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(arguments, " "), err, output)
	}
	return output
}

// eventually retries until check returns "", and fails with what it last said.
func eventually(t *testing.T, what string, check func() string) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		said := check()
		if said == "" {
			return
		}
		select {
		case <-deadline.C:
			t.Fatalf("gave up waiting until %s; last:\n%s", what, said)
		case <-tick.C:
		}
	}
}

// dump prints what helps to understand a failure.
func dump() {
	for _, arguments := range [][]string{
		{"get", "pods", "-A", "-o", "wide"},
		{"get", "events", "-A"},
		{"logs", "-n", "reeve-system", "deployment/reeve-webhook", "--tail=40"},
		{"logs", "-n", "reeve-system", "deployment/reeve-scanner", "--tail=40"},
	} {
		output, err := kubectl(arguments...)
		fmt.Fprintf(os.Stderr, "--- kubectl %s (%v)\n%s\n", strings.Join(arguments, " "), err, output)
	}
}

func TestAnObjectIsDeniedWarnedOrLetThrough(t *testing.T) {
	for _, test := range []struct {
		name, file string
		refused    bool
		wants      []string
		lacks      string
	}{
		{"a privileged Deployment is refused", "privileged.yaml", true,
			[]string{"denied the request: 1 policy violation in Deployment shop/privileged", `container "web": securityContext.privileged is true`, "(privileged-container)"}, ""},
		{"one without requests passes with a warning", "unlimited.yaml", false,
			[]string{"Warning: ", "(cpu-requests-missing)", "deployment.apps/unlimited created"}, ""},
		{"a good one passes without a word", "good.yaml", false, []string{"deployment.apps/good created"}, "Warning"},
	} {
		t.Run(test.name, func(t *testing.T) {
			output, err := kubectl("apply", "-f", "testdata/"+test.file)
			if refused := err != nil; refused != test.refused {
				t.Fatalf("refused=%v, want %v:\n%s", refused, test.refused, output)
			}
			for _, want := range test.wants {
				if !strings.Contains(output, want) {
					t.Errorf("the answer lacks %q:\n%s", want, output)
				}
			}
			if test.lacks != "" && strings.Contains(output, test.lacks) {
				t.Errorf("the answer has %q:\n%s", test.lacks, output)
			}
		})
	}
}

func TestBrokenPodsAreFoundFromTheirRealStatus(t *testing.T) {
	mustKubectl(t, "apply", "-f", "testdata/broken.yaml")
	for _, test := range []struct{ pod, reason, rule string }{
		{"crashing", "CrashLoopBackOff", "pod-crash-looping"},
		{"unpullable", "ImagePullBackOff", "pod-image-pull-failing"},
	} {
		t.Run(test.rule, func(t *testing.T) {
			eventually(t, "the scanner writes an Event on pod "+test.pod, func() string {
				messages, err := kubectl("get", "events", "-n", "shop", "--field-selector",
					"reason=PolicyViolation,involvedObject.name="+test.pod, "-o", `jsonpath={range .items[*]}{.message}{"\n"}{end}`)
				if err == nil && strings.Contains(messages, test.rule) {
					return ""
				}
				status, _ := kubectl("get", "pod", "-n", "shop", test.pod)
				return messages + status
			})
		})
	}
	t.Run("and on the command line", func(t *testing.T) {
		eventually(t, "reeve audit finds both", func() string {
			output, err := exec.Command("../../bin/reeve", "audit", "-n", "shop", "--select", "category:runtime").CombinedOutput()
			if code := exitCode(err); code != 2 {
				return fmt.Sprintf("exit code %d:\n%s", code, output)
			}
			for _, want := range []string{"pod-crash-looping", "pod-image-pull-failing", "Pod shop/crashing", "Pod shop/unpullable"} {
				if !bytes.Contains(output, []byte(want)) {
					return string(output)
				}
			}
			return ""
		})
	})
}

func TestTheWebhookIsReplacedWithoutARefusedRequest(t *testing.T) {
	stop, stopped := make(chan struct{}), make(chan string, 1)
	go func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				stopped <- fmt.Sprintf("%d requests", n)
				return
			default:
			}
			if output, err := kubectl("apply", "--dry-run=server", "-f", "testdata/good.yaml"); err != nil {
				stopped <- "FAILED: " + output
				return
			}
		}
	}()
	mustKubectl(t, "rollout", "restart", "-n", "reeve-system", "deployment/reeve-webhook")
	mustKubectl(t, "rollout", "status", "-n", "reeve-system", "--timeout=150s", "deployment/reeve-webhook")
	close(stop)
	if said := <-stopped; strings.HasPrefix(said, "FAILED") {
		t.Error(said)
	} else {
		t.Log(said)
	}
}

func TestOurOwnPodsRunRestricted(t *testing.T) {
	// The namespace enforces the restricted Pod Security Standard, so that they
	// run at all is the proof; this one makes sure of the label.
	label := mustKubectl(t, "get", "namespace", "reeve-system", "-o", `jsonpath={.metadata.labels.pod-security\.kubernetes\.io/enforce}`)
	if label != "restricted" {
		t.Errorf("reeve-system enforces %q", label)
	}
	output, err := exec.Command("../../bin/reeve", "audit", "-n", "reeve-system", "--select", "category:workloads", "--skip", "severity:low,severity:info").CombinedOutput()
	if code := exitCode(err); code != 0 {
		t.Errorf("our own workloads have findings (exit code %d):\n%s", code, output)
	}
}
