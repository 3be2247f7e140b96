package integration_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubereeve/reeve/test/envtest"
)

// The rules beside the built-in ones: one that reads the namespace, and one with
// a syntax error.
const (
	shopRule = `# METADATA
# title: No caches in the shop
# custom:
#   reeve: {severity: low, kinds: [Pod], mode: deny}
package reeve.custom.shop_cache

violation contains {"msg": "no caches in the shop"} if {
	input.namespace.labels.shop == "yes"
	input.object.metadata.name == "cache"
}
`
	brokenFile = "package reeve.custom.broken\n\nviolation contains {\"msg\": \"x\" if true\n"
)

// TestWebhook sends requests through a real API server to the real program.
func TestWebhook(t *testing.T) {
	cluster := envtest.Start(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"shop_cache.rego": shopRule, "broken.rego": brokenFile} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	arguments := []string{"--rules", dir}
	for _, mode := range []string{"*=off", "privileged-container=deny", "shop-cache=deny", "host-pid=audit", "host-network=warn", "pdb-missing=warn"} {
		arguments = append(arguments, "--mode-for", mode)
	}
	p := startWebhook(t, cluster.Kubeconfig, arguments...).serve(t)
	namespace := watchNamespace(t, cluster, p, envtest.AuditNamespace)
	apply := func(t *testing.T, manifest string, arguments ...string) (string, int) {
		_, stderr, code := cluster.KubectlInput(t, manifest, append([]string{"apply", "-f", "-"}, arguments...)...)
		return stderr, code
	}
	const privileged = "securityContext: {privileged: true, allowPrivilegeEscalation: true, runAsNonRoot: true}"
	const refusal = `admission webhook "validate.kubereeve.io" denied the request: `
	const line = `- [critical] container "web": securityContext.privileged is true; set it to false or remove it (privileged-container)`

	t.Run("allows a good pod without a word", func(t *testing.T) {
		if stderr, code := apply(t, manifest(namespace, "good")); code != 0 || stderr != "" {
			t.Errorf("exit code %d: %s", code, stderr)
		}
	})
	t.Run("denies a privileged pod", func(t *testing.T) {
		stderr, code := apply(t, manifest(namespace, "web", privileged))
		if code == 0 || !strings.Contains(stderr, refusal+"1 policy violation in Pod "+namespace+"/web:\n"+line) || !strings.Contains(stderr, "(Forbidden)") {
			t.Errorf("exit code %d: %s", code, stderr)
		}
	})
	t.Run("warns of the host's network", func(t *testing.T) {
		stderr, code := apply(t, strings.Replace(manifest(namespace, "warned"), "spec:", "spec:\n  hostNetwork: true", 1))
		if code != 0 || !strings.Contains(stderr, "Warning: hostNetwork is true") || !strings.Contains(stderr, "(host-network)") {
			t.Errorf("exit code %d: %s", code, stderr)
		}
	})
	t.Run("annotates the audit log", func(t *testing.T) {
		if stderr, code := apply(t, strings.Replace(manifest(namespace, "audited"), "spec:", "spec:\n  hostPID: true", 1)); code != 0 || stderr != "" {
			t.Errorf("exit code %d: %s", code, stderr)
		}
		eventually(t, "the annotation is in the audit log", func() bool {
			log, err := os.ReadFile(cluster.AuditLog)
			return err == nil && strings.Contains(string(log), `"validate.kubereeve.io/host-pid":"hostPID is true`)
		})
	})
	t.Run("judges a deployment's template", func(t *testing.T) {
		stderr, code := apply(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {namespace: `+namespace+`, name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
`+podSpec("    ", privileged))
		if code == 0 || !strings.Contains(stderr, "1 policy violation in Deployment "+namespace+"/web:\n"+line) {
			t.Errorf("exit code %d: %s", code, stderr)
		}
	})
	t.Run("judges an ephemeral container", func(t *testing.T) {
		_, stderr, code := cluster.Kubectl(t, "debug", "good", "-n", namespace, "--image=registry.example/tools:1", "--container=tools", "--profile=sysadmin", "--attach=false")
		if code == 0 || !strings.Contains(stderr, `- [critical] ephemeral container "tools": securityContext.privileged is true`) {
			t.Errorf("exit code %d: %s", code, stderr)
		}
	})
	t.Run("judges a pod without a name", func(t *testing.T) {
		_, stderr, code := cluster.KubectlInput(t, strings.Replace(manifest(namespace, "x", privileged), "name: x", "generateName: web-", 1), "create", "-f", "-")
		if code == 0 || !strings.Contains(stderr, "1 policy violation in Pod "+namespace+"/web-") {
			t.Errorf("exit code %d: %s", code, stderr)
		}
	})
	t.Run("leaves no trace of a dry run", func(t *testing.T) {
		counted := func() float64 { return p.value(t, "reeve_admission_findings_total", `rule="privileged-container"`) }
		before := counted()
		stderr, code := apply(t, manifest(namespace, "dry", privileged), "--dry-run=server")
		if code == 0 || !strings.Contains(stderr, line) {
			t.Errorf("exit code %d: %s", code, stderr)
		}
		if _, code := apply(t, manifest(namespace, "wet", privileged)); code == 0 {
			t.Error("the same pod for real was not denied")
		}
		eventually(t, "the real request is counted", func() bool { return counted() > before })
		if after := counted(); after != before+1 {
			t.Errorf("%v findings were counted, not 1", after-before)
		}
	})
	t.Run("lets a kind pass that it does not know", func(t *testing.T) { unknownKind(t, cluster, namespace) })
	t.Run("shows rules the namespace", func(t *testing.T) {
		stderr, code := apply(t, manifest(namespace, "cache"))
		if code == 0 || !strings.Contains(stderr, "no caches in the shop (shop-cache)") {
			t.Errorf("exit code %d: %s", code, stderr)
		}
	})
	t.Run("leaves a broken rule file out and says so", func(t *testing.T) {
		if log := p.log.String(); !strings.Contains(log, `"file":"`+filepath.Join(dir, "broken.rego")+`","line":3`) {
			t.Errorf("the log does not name the file and line:\n%s", log)
		}
		if n := p.value(t, "reeve_rule_files_quarantined"); n != 1 {
			t.Errorf("%v files are counted", n)
		}
	})
	t.Run("knows the cluster's objects that rules need", func(t *testing.T) { needsInventory(t, cluster, namespace) })
	t.Run("survives large objects", func(t *testing.T) { largeObjects(t, cluster, p, namespace, line) })
	t.Run("does not hold back the removal of a finalizer", func(t *testing.T) { finalizer(t, cluster, namespace) })
	t.Run("ends with code 0", func(t *testing.T) {
		if code := p.end(t); code != 0 {
			t.Errorf("exit code %d", code)
		}
	})
}

// needsInventory applies a Deployment that wants a disruption budget, before and
// after there is one.
func needsInventory(t *testing.T, cluster *envtest.Cluster, namespace string) {
	deployment := `
apiVersion: apps/v1
kind: Deployment
metadata: {namespace: ` + namespace + `, name: pair}
spec:
  replicas: 2
  selector: {matchLabels: {app: pair}}
  template:
    metadata: {labels: {app: pair}}
` + podSpec("    ")
	warned := func() bool {
		_, stderr, code := cluster.KubectlInput(t, deployment, "apply", "--dry-run=server", "-f", "-")
		if code != 0 {
			t.Fatal(stderr)
		}
		return strings.Contains(stderr, "(pdb-missing)")
	}
	if !warned() {
		t.Error("there is no budget, and no warning")
	}
	budget := "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {namespace: " + namespace + ", name: pair}\n" +
		"spec: {maxUnavailable: 1, selector: {matchLabels: {app: pair}}}\n"
	if _, stderr, code := cluster.KubectlInput(t, budget, "apply", "-f", "-"); code != 0 {
		t.Fatal(stderr)
	}
	eventually(t, "the budget is known", func() bool { return !warned() })
	if _, stderr, code := cluster.Kubectl(t, "delete", "pdb", "pair", "-n", namespace); code != 0 {
		t.Fatal(stderr)
	}
	eventually(t, "the budget is forgotten", warned)
}

func unknownKind(t *testing.T, cluster *envtest.Cluster, namespace string) {
	_, stderr, code := cluster.KubectlInput(t, `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: wonders.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Wonder, plural: wonders, singular: wonder}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`, "apply", "-f", "-")
	if code != 0 {
		t.Fatal(stderr)
	}
	eventually(t, "the wonder is stored", func() bool {
		_, stderr, code = cluster.KubectlInput(t, "{apiVersion: example.com/v1, kind: Wonder, metadata: {name: one, namespace: "+namespace+"}}", "apply", "-f", "-")
		return code == 0
	})
	if stderr != "" {
		t.Errorf("kubectl says: %s", stderr)
	}
}

// largeObjects sends an object that the API server refuses, one that it passes
// on, and one that no API server would send.
func largeObjects(t *testing.T, cluster *envtest.Cluster, p *webhookProcess, namespace, line string) {
	large := func(size int) string {
		return strings.Replace(manifest(namespace, "large", "securityContext: {privileged: true}", "env: [{name: LARGE, value: "+strings.Repeat("x", size)+"}]"), "---", "", 1)
	}
	if _, stderr, code := cluster.KubectlInput(t, large(8<<20), "create", "-f", "-"); code == 0 || !strings.Contains(strings.ToLower(stderr), "too large") {
		t.Errorf("8 MB: exit code %d: %.500s", code, stderr)
	}
	if _, stderr, code := cluster.KubectlInput(t, large(2_900_000), "create", "-f", "-"); code == 0 || !strings.Contains(stderr, line) {
		t.Errorf("2.9 MB: exit code %d: %.500s", code, stderr)
	}
	body, err := json.Marshal(map[string]string{"apiVersion": "admission.k8s.io/v1", "kind": strings.Repeat("x", 8<<20)})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := p.client().Post("https://"+p.address+"/validate", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(text), "reviews of at most 7340032 bytes") {
		t.Errorf("8 MB review: status %d: %s", answer.StatusCode, text)
	}
	if n := p.value(t, "reeve_admission_refused_total", `reason="too_large"`); n != 1 {
		t.Errorf("%v requests are counted as too large", n)
	}
}

// finalizer deletes a violating pod that was there before its rule.
func finalizer(t *testing.T, cluster *envtest.Cluster, namespace string) {
	client := clientset(t, cluster.Config).AdmissionregistrationV1().ValidatingWebhookConfigurations()
	configuration, err := client.Get(t.Context(), namespace, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Delete(t.Context(), namespace, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	held := strings.Replace(manifest(namespace, "held", "securityContext: {privileged: true}"), "name: held", "name: held, finalizers: [example.com/hold]", 1)
	eventually(t, "the pod is stored", func() bool {
		_, _, code := cluster.KubectlInput(t, held, "apply", "-f", "-")
		return code == 0
	})
	configuration.ResourceVersion = ""
	if _, err := client.Create(t.Context(), configuration, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the webhook is asked again", func() bool {
		_, _, code := cluster.KubectlInput(t, manifest(namespace, "probe", "securityContext: {privileged: true}"), "apply", "--dry-run=server", "-f", "-")
		return code != 0
	})
	cluster.Kubectl(t, "delete", "pod", "held", "-n", namespace, "--wait=false", "--grace-period=0", "--force")
	if _, stderr, code := cluster.Kubectl(t, "annotate", "pod", "good", "-n", namespace, "seen=yes"); code != 0 {
		t.Errorf("a good pod cannot be changed: %s", stderr)
	}
	_, stderr, code := cluster.Kubectl(t, "patch", "pod", "held", "-n", namespace, "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	if code != 0 || !strings.Contains(stderr, "Warning: container \"web\": securityContext.privileged is true") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if _, _, code := cluster.Kubectl(t, "get", "pod", "held", "-n", namespace); code == 0 {
		t.Error("the pod is still there")
	}
}
