package integration_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubereeve/reeve/test/envtest"
)

// The rules that fail: one that does not end in time, and one that contradicts
// itself. Both leave objects alone that are not called after them.
const (
	slowRule = `# METADATA
# title: Slow
# custom:
#   reeve: {severity: high, kinds: [Pod], mode: deny}
package reeve.custom.slow

violation contains {"msg": "never"} if {
	startswith(input.object.metadata.name, "slow")
	some i in numbers.range(1, 20000)
	some j in numbers.range(1, 20000)
	i * j == -1
}
`
	contradictoryRule = `# METADATA
# title: Contradictory
# custom:
#   reeve: {severity: high, kinds: [Pod], mode: deny}
package reeve.custom.contradictory

verdict := true if startswith(input.object.metadata.name, "contradictory")

verdict := false if startswith(input.object.metadata.name, "contradictory")

violation contains {"msg": "never"} if verdict
`
	violating = "securityContext: {privileged: true}"
)

// failureTest is a webhook that the requests of one namespace go to.
type failureTest struct {
	cluster   *envtest.Cluster
	p         *webhookProcess
	namespace string
}

// newFailureTest starts a webhook with the rules that fail and privileged-container.
func newFailureTest(t *testing.T, cluster *envtest.Cluster, name string, arguments ...string) *failureTest {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"slow.rego": slowRule, "contradictory.rego": contradictoryRule} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	arguments = append([]string{"--rules", dir, "--select", "slow,contradictory,privileged-container", "--mode-for", "privileged-container=deny"}, arguments...)
	p := startWebhook(t, cluster.Kubeconfig, arguments...).serve(t)
	return &failureTest{cluster, p, watchNamespace(t, cluster, p, name)}
}

// configure sets the failurePolicy and the timeout of the webhook's configuration.
func (f *failureTest) configure(t *testing.T, policy admissionregistrationv1.FailurePolicyType, timeout int32) {
	t.Helper()
	client := clientset(t, f.cluster.Config).AdmissionregistrationV1().ValidatingWebhookConfigurations()
	configuration, err := client.Get(t.Context(), f.namespace, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	configuration.Webhooks[0].FailurePolicy = &policy
	configuration.Webhooks[0].TimeoutSeconds = &timeout
	if _, err := client.Update(t.Context(), configuration, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// create creates a pod and returns what kubectl says on standard error, and its
// exit code.
func (f *failureTest) create(t *testing.T, name string, more ...string) (string, int) {
	t.Helper()
	_, stderr, code := f.cluster.KubectlInput(t, manifest(f.namespace, name, more...), "create", "-f", "-")
	return stderr, code
}

// failOpens returns how many requests the API server has let pass because no
// webhook answered.
func failOpens(t *testing.T, cluster *envtest.Cluster) int {
	t.Helper()
	text, err := clientset(t, cluster.Config).RESTClient().Get().AbsPath("/metrics").DoRaw(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, found := range regexp.MustCompile(`(?m)^apiserver_admission_webhook_fail_open_count\{[^}]*validate\.kubereeve\.io[^}]*\} (\d+)$`).FindAllStringSubmatch(string(text), -1) {
		n, err := strconv.Atoi(found[1])
		if err != nil {
			t.Fatal(err)
		}
		total += n
	}
	return total
}

// TestWebhookFailures looks at what becomes of requests when the webhook or a rule
// fails, in each way it can be configured.
func TestWebhookFailures(t *testing.T) {
	cluster := envtest.Start(t)
	t.Run("down", func(t *testing.T) { webhookDown(t, cluster) })
	t.Run("overloaded", func(t *testing.T) { webhookOverloaded(t, cluster) })
	t.Run("rules that cannot judge, by default", func(t *testing.T) { rulesFailOpen(t, cluster) })
	t.Run("rules that cannot judge, with --on-error deny", func(t *testing.T) { rulesFailClosed(t, cluster) })
}

// webhookDown stops the webhook.
func webhookDown(t *testing.T, cluster *envtest.Cluster) {
	f := newFailureTest(t, cluster, envtest.AuditNamespace)
	if code := f.p.end(t); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	stderr, code := f.create(t, "web")
	if code == 0 || !strings.Contains(stderr, `(InternalError)`) ||
		!strings.Contains(stderr, `failed calling webhook "validate.kubereeve.io"`) || !strings.Contains(stderr, "connection refused") {
		t.Errorf("failurePolicy Fail: exit code %d: %s", code, stderr)
	}
	before := failOpens(t, cluster)
	f.configure(t, admissionregistrationv1.Ignore, 5)
	eventually(t, "the API server heeds failurePolicy Ignore", func() bool {
		stderr, code = f.create(t, "unjudged", violating)
		return code == 0
	})
	if stderr != "" { // the API server tells nobody but its log and the audit log
		t.Errorf("failurePolicy Ignore: %s", stderr)
	}
	if n := failOpens(t, cluster); n != before+1 {
		t.Errorf("the API server counts %d requests let pass, not 1", n-before)
	}
	eventually(t, "the audit log says that the request was let pass", func() bool {
		log, err := os.ReadFile(cluster.AuditLog)
		return err == nil && strings.Contains(string(log), `"failed-open.validating.webhook.admission.k8s.io/round_0_index_0":"validate.kubereeve.io"`)
	})
}

// webhookOverloaded holds the one place that there is.
func webhookOverloaded(t *testing.T, cluster *envtest.Cluster) {
	f := newFailureTest(t, cluster, "overloaded", "--max-concurrent", "1", "--deadline", "30s")
	f.configure(t, admissionregistrationv1.Fail, 2)
	hold := func() func() error {
		body := privilegedReview(t)
		held, result := newHeld(body), make(chan error, 1)
		client := f.p.client()
		go func() { result <- f.p.send(client, held, len(body)) }()
		<-held.sent
		return func() error {
			close(held.finish)
			return <-result
		}
	}
	// The place is taken once a request finds none.
	release := hold()
	busy := func() float64 { return f.p.value(t, "reeve_admission_refused_total", `reason="busy"`) }
	eventually(t, "the webhook is busy", func() bool {
		answer, err := f.p.client().Post("https://"+f.p.address+"/validate?timeout=200ms", "application/json", bytes.NewReader(privilegedReview(t)))
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return busy() > 0
	})
	before := busy()
	stderr, code := f.create(t, "web")
	if code == 0 || !strings.Contains(stderr, `failed calling webhook "validate.kubereeve.io"`) || !strings.Contains(stderr, "Reeve is busy with other requests; raise --max-concurrent or add replicas") {
		t.Errorf("failurePolicy Fail: exit code %d: %s", code, stderr)
	}
	if n := busy(); n != before+1 {
		t.Errorf("%v refusals are counted, not 1", n-before)
	}
	opens := failOpens(t, cluster)
	f.configure(t, admissionregistrationv1.Ignore, 2)
	eventually(t, "the API server heeds failurePolicy Ignore", func() bool {
		stderr, code = f.create(t, "unjudged", violating)
		return code == 0
	})
	if n := failOpens(t, cluster); n != opens+1 || stderr != "" {
		t.Errorf("failurePolicy Ignore: the API server counts %d requests let pass: %s", n-opens, stderr)
	}
	if code, text := f.p.ready(); code != 200 {
		t.Errorf("a busy webhook is not ready: %s", text)
	}
	if err := release(); err != nil {
		t.Errorf("the request that held the place: %v", err)
	}
	if stderr, code := f.create(t, "again", violating); code == 0 || !strings.Contains(stderr, "(privileged-container)") {
		t.Errorf("with a free place again: exit code %d: %s", code, stderr)
	}
}

// rulesFailOpen lets requests pass that a rule cannot judge, and says so.
func rulesFailOpen(t *testing.T, cluster *envtest.Cluster) {
	f := newFailureTest(t, cluster, "open", "--deadline", "500ms")
	for _, test := range []struct{ rule, cause string }{{"slow", "deadline"}, {"contradictory", "eval"}} {
		counted := func() float64 { return f.p.value(t, "reeve_admission_failed_open_total", `cause="`+test.cause+`"`) }
		before := counted()
		stderr, code := f.create(t, test.rule)
		if code != 0 || !strings.Contains(stderr, "Warning: rule "+test.rule+" could not judge this object ("+test.cause+"); the request passed unjudged by it") {
			t.Errorf("%s: exit code %d: %s", test.rule, code, stderr)
		}
		if n := counted(); n != before+1 {
			t.Errorf("%s: %v requests are counted as let pass, not 1", test.rule, n-before)
		}
		if n := f.p.value(t, "reeve_rule_failures_total", `rule="`+test.rule+`"`, `cause="`+test.cause+`"`); n != 1 {
			t.Errorf("%s: %v failures are counted, not 1", test.rule, n)
		}
		if log := f.p.log.String(); !strings.Contains(log, `"rules":["`+test.rule+`"]`) {
			t.Errorf("%s: the log does not name the rule", test.rule)
		}
		// What other rules find stands.
		stderr, code = f.create(t, test.rule+"-violating", violating)
		if code == 0 || !strings.Contains(stderr, "(privileged-container)") {
			t.Errorf("%s beside a violation: exit code %d: %s", test.rule, code, stderr)
		}
	}
	// A deadline of the API server's that is shorter than the webhook's own counts.
	patient := newFailureTest(t, cluster, "patient", "--deadline", "1h")
	patient.configure(t, admissionregistrationv1.Fail, 1)
	stderr := ""
	eventually(t, "the API server gets its answer in time", func() bool {
		var code int
		stderr, code = patient.create(t, "slow")
		return code == 0
	})
	if !strings.Contains(stderr, "could not judge this object (deadline)") {
		t.Errorf("with a timeout of a second: %s", stderr)
	}
}

// rulesFailClosed refuses requests that a rule cannot judge.
func rulesFailClosed(t *testing.T, cluster *envtest.Cluster) {
	f := newFailureTest(t, cluster, "closed", "--deadline", "500ms", "--on-error", "deny")
	for _, test := range []struct{ rule, cause string }{{"slow", "deadline"}, {"contradictory", "eval"}} {
		stderr, code := f.create(t, test.rule)
		if code == 0 || !strings.Contains(stderr, "(Forbidden)") || !strings.Contains(stderr, "rule "+test.rule+" could not judge this object ("+test.cause+"); what cannot be judged is refused") {
			t.Errorf("%s: exit code %d: %s", test.rule, code, stderr)
		}
	}
	if n := f.p.value(t, "reeve_admission_failed_open_total"); n != 0 {
		t.Errorf("%v requests are counted as let pass", n)
	}
	if stderr, code := f.create(t, "good"); code != 0 || stderr != "" {
		t.Errorf("what can be judged: exit code %d: %s", code, stderr)
	}
}
