package integration_test

import (
	"strings"
	"testing"

	"github.com/kubereeve/reeve/test/envtest"
)

func TestRolloutPreviewAsksClusterAndWebhook(t *testing.T) {
	cluster := envtest.Start(t)
	reader, _ := statusTokens(t, cluster)
	p := startWebhook(t, cluster.Kubeconfig, "--mode-for", "*=off", "--mode-for", "privileged-container=deny").serveLong(t)
	const name = "rollout"
	privileged := func(pod string) (string, int) {
		_, stderr, code := cluster.KubectlInput(t, manifest(name, pod, "securityContext: {privileged: true}"), "create", "-f", "-")
		return stderr, code
	}
	if _, stderr, code := cluster.KubectlInput(t, namespaceManifest(name), "apply", "-f", "-"); code != 0 {
		t.Fatal(stderr)
	}
	if stderr, code := privileged("stays"); code != 0 { // nobody judges it yet
		t.Fatal(stderr)
	}
	namespace := watchNamespace(t, cluster, p, name)
	token, authorities := writeFile(t, "token", reader), writeFile(t, "ca.crt", string(p.authority.pem))
	preview := func(more ...string) (string, int) {
		return reeve(t, append([]string{"rollout", "preview", "privileged-container", "--kubeconfig", cluster.Kubeconfig, "-n", namespace,
			"--address", "https://" + p.status, "--token-file", token, "--ca-file", authorities}, more...)...)
	}
	if stderr, code := privileged("never-comes"); code == 0 {
		t.Fatal("the pod was let in", stderr)
	}
	var text string
	eventually(t, "the admission is remembered", func() bool {
		var code int
		text, code = preview()
		return code == 2 && strings.Contains(text, "Of 1 admission ")
	})
	for _, part := range []string{"1 object of 1 in ", namespace + "\n  Pod stays\n", "1 would have been refused", "CREATE Pod " + namespace + "/never-comes by ", ", was deny\n"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not said:\n%s", part, text)
		}
	}
	t.Run("says when the webhook does not answer", func(t *testing.T) {
		if text, code := preview("--address", "https://127.0.0.1:1"); code != 1 || !strings.Contains(text, "recent admissions are not known (--no-recent leaves them out)") {
			t.Errorf("code %d:\n%s", code, text)
		}
		if text, code := preview("--no-recent"); code != 2 || strings.Contains(text, "admissions") {
			t.Errorf("code %d:\n%s", code, text)
		}
	})
	t.Run("honours the label of the namespace, for what was as well", func(t *testing.T) {
		if _, stderr, code := cluster.Kubectl(t, "label", "namespace", namespace, "kubereeve.io/mode=warn"); code != 0 {
			t.Fatal(stderr)
		}
		if text, code := preview(); code != 0 || !strings.Contains(text, "0 objects of 1 in ") || !strings.Contains(text, "0 would have been refused") {
			t.Errorf("code %d:\n%s", code, text)
		}
	})
	t.Run("explains the rule there", func(t *testing.T) {
		text, code := reeve(t, "rules", "explain", "privileged-container", "--kubeconfig", cluster.Kubeconfig, "-n", namespace, "--mode", "deny")
		if code != 0 || !strings.Contains(text, "> warn   the namespace's label kubereeve.io/mode\n") {
			t.Errorf("code %d:\n%s", code, text)
		}
	})
}
