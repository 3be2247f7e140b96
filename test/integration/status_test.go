package integration_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubereeve/reeve/internal/app/cli"
	"github.com/kubereeve/reeve/internal/app/status/client"
	"github.com/kubereeve/reeve/internal/sink/recent"
	"github.com/kubereeve/reeve/test/envtest"
)

// reeve runs the command line and returns what it writes, both streams together,
// and its exit code.
func reeve(t *testing.T, arguments ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	code := cli.Run(t.Context(), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &out}, "reeve", arguments)
	return out.String(), code
}

// writeFile writes a file of the test's own and returns its path.
func writeFile(t *testing.T, name string, parts ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(strings.Join(parts, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// serveLong gives a process a certificate of which nothing is to be said.
func (p *webhookProcess) serveLong(t *testing.T) *webhookProcess {
	t.Helper()
	p.authority.issue(t, p.certificates, 100, time.Now().Add(30*24*time.Hour))
	p.waitReady(t)
	return p
}

func TestStatus(t *testing.T) {
	cluster := envtest.Start(t)
	reader, nobody := statusTokens(t, cluster)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "broken.rego"), []byte(brokenFile), 0o600); err != nil {
		t.Fatal(err)
	}
	only := []string{"--mode-for", "*=off", "--mode-for", "privileged-container=deny"}
	a := startWebhook(t, cluster.Kubeconfig, only...).serveLong(t)
	b := startWebhook(t, cluster.Kubeconfig, only...).serveLong(t)
	other := startWebhook(t, cluster.Kubeconfig, append([]string{"--rules", dir, "--mode-for", "host-pid=warn"}, only[2:]...)...).serveLong(t)
	namespace := watchNamespace(t, cluster, a, "asked")

	token := writeFile(t, "token", reader, "\n")
	authorities := writeFile(t, "ca.crt", string(a.authority.pem), string(b.authority.pem), string(other.authority.pem))
	ask := func(replicas ...*webhookProcess) []string {
		arguments := []string{"status", "--token-file", token, "--ca-file", authorities}
		for _, p := range replicas {
			arguments = append(arguments, "--address", "https://"+p.status)
		}
		return arguments
	}
	expect := func(t *testing.T, arguments []string, code int, parts ...string) {
		t.Helper()
		text, got := reeve(t, arguments...)
		if got != code {
			t.Errorf("exit code %d, want %d", got, code)
		}
		for _, part := range parts {
			if !strings.Contains(text, part) {
				t.Errorf("%q is not said", part)
			}
		}
		if t.Failed() {
			t.Log(text)
		}
	}
	t.Run("all is well", func(t *testing.T) { expect(t, ask(a, b), 0, "All is well.", "29 days left") })
	t.Run("replicas do not agree and a file is left out", func(t *testing.T) {
		expect(t, ask(a, other), 2, "the replicas judge by different rules", "rule file left out", "broken.rego:3")
	})
	t.Run("a replica does not answer", func(t *testing.T) {
		expect(t, append(ask(a), "--address", "https://"+freeAddress(t)), 1, "no answer", "connection refused")
	})
	t.Run("a replica that nobody trusts is shown no token", func(t *testing.T) {
		stranger := writeFile(t, "ca.crt", string(newAuthority(t).pem))
		expect(t, []string{"status", "--address", "https://" + a.status, "--token-file", token, "--ca-file", stranger}, 1, "certificate signed by unknown authority")
	})
	t.Run("an account without the right", func(t *testing.T) {
		token := writeFile(t, "token", nobody)
		expect(t, []string{"status", "--address", "https://" + a.status, "--token-file", token, "--ca-file", authorities}, 1, "bind it to the ClusterRole")
	})
	t.Run("asks the API server for a token and for what to trust", func(t *testing.T) {
		expect(t, []string{"status", "--kubeconfig", cluster.Kubeconfig, "--webhook-configuration", namespace, "--address", "https://" + a.status}, 0, "All is well.")
	})
	t.Run("says that nothing is sent to the webhook", func(t *testing.T) {
		expect(t, []string{"status", "--kubeconfig", cluster.Kubeconfig, "--webhook-configuration", "none", "--address", "https://" + a.status, "--ca-file", authorities},
			2, "there is no such ValidatingWebhookConfiguration")
	})
	t.Run("merges the recent admissions of all replicas", func(t *testing.T) { mergesRecent(t, cluster, a, b, token, authorities) })
	t.Run("finds pods", func(t *testing.T) { findsPods(t, cluster, namespace, expect) })
}

// mergesRecent denies a pod at each of two replicas and reads both.
func mergesRecent(t *testing.T, cluster *envtest.Cluster, a, b *webhookProcess, token, authorities string) {
	namespaces := []string{"asked", watchNamespace(t, cluster, b, "asked-too")}
	for _, namespace := range namespaces {
		if _, _, code := cluster.KubectlInput(t, manifest(namespace, "web", "securityContext: {privileged: true}"), "create", "-f", "-"); code == 0 {
			t.Fatal("the pod was not denied")
		}
	}
	gone := "https://" + freeAddress(t)
	asked, err := client.New(client.Options{TokenFile: token, CAFile: authorities, Addresses: []string{"https://" + a.status, "https://" + b.status, gone}})
	if err != nil {
		t.Fatal(err)
	}
	var got client.Recent
	eventually(t, "both denials are remembered", func() bool {
		got, err = asked.FetchRecent(t.Context(), recent.Query{Rule: "privileged-container", Since: time.Now().Add(-time.Hour)})
		return err == nil && len(got.Entries) >= 2
	})
	var seen []string
	for _, entry := range got.Entries {
		seen = append(seen, entry.Resource.Namespace+" at "+entry.Replica)
	}
	slices.Sort(seen)
	want := []string{namespaces[0] + " at https://" + a.status, namespaces[1] + " at https://" + b.status}
	if !slices.Equal(want, seen) {
		t.Errorf("%v, want %v", seen, want)
	}
	if got.Complete() || len(got.Replicas) != 3 || got.Replicas[2].Err == nil || got.Replicas[0].Err != nil || got.Replicas[0].Oldest.IsZero() {
		t.Errorf("the replica that does not answer is not named: %+v", got.Replicas)
	}
}

// findsPods makes pods that nothing runs.
func findsPods(t *testing.T, cluster *envtest.Cluster, configuration string, expect func(*testing.T, []string, int, ...string)) {
	arguments := []string{"status", "--kubeconfig", cluster.Kubeconfig, "--webhook-configuration", configuration, "--timeout", "5s"}
	expect(t, arguments, 2, "there are no pods of the webhook in namespace reeve-system")
	pods := clientset(t, cluster.Config).CoreV1().Pods("reeve-system")
	for name, phase := range map[string]corev1.PodPhase{"webhook-waits": corev1.PodPending, "webhook-runs": corev1.PodRunning, "webhook-gone": corev1.PodFailed} {
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app.kubernetes.io/name": "reeve-webhook"}},
			Spec:       corev1.PodSpec{ServiceAccountName: "reeve-webhook", NodeName: "nowhere", Containers: []corev1.Container{{Name: "webhook", Image: "webhook"}}},
		}
		// Pod Security admission is not what this is about.
		secure(pod)
		made, err := pods.Create(t.Context(), pod, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := pods.Delete(context.Background(), name, *metav1.NewDeleteOptions(0)); err != nil {
				t.Error(err)
			}
		})
		made.Status.Phase = phase
		if _, err := pods.UpdateStatus(t.Context(), made, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, arguments, 2, "webhook-waits: the pod does not run: Pending", "webhook-runs: no answer: port-forward: ")
	text, _ := reeve(t, arguments...)
	if strings.Contains(text, "webhook-gone") {
		t.Errorf("a pod that has ended is asked: %s", text)
	}
	user := cluster.UserKubeconfig(t, "curious")
	expect(t, []string{"status", "--kubeconfig", user}, 1, "list the pods of reeve-webhook in namespace reeve-system", "forbidden")
}

// secure makes a pod one that the namespace takes.
func secure(pod *corev1.Pod) {
	yes, no := true, false
	pod.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsNonRoot: &yes, SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}}
	pod.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{AllowPrivilegeEscalation: &no, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}
}
