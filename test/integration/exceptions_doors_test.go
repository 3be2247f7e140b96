package integration_test

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/kubereeve/reeve/test/envtest"
	"github.com/kubereeve/reeve/test/program"
)

// TestExceptionsAtAllDoors runs the three programs over one exception.
func TestExceptionsAtAllDoors(t *testing.T) {
	cluster := envtest.Start(t)
	installExceptions(t, cluster)
	config := rest.CopyConfig(cluster.Config)
	config.WarningHandler = rest.NoWarnings{}
	client := clientset(t, config)
	p := startWebhook(t, cluster.Kubeconfig, "--mode-for", "privileged-container=deny").serve(t)
	doors := &doors{
		cluster: cluster, client: client, webhook: p, reeve: program.Path(t, "reeve"), scanner: program.Path(t, "scanner"),
		namespace: watchNamespace(t, cluster, p, "excepted"),
	}
	if _, stderr, code := cluster.KubectlInput(t, namespaceManifest("reeve-system"), "apply", "-f", "-"); code != 0 {
		t.Fatal(stderr)
	}
	t.Run("an exception hides what is found until the second it expires", doors.expire)
	t.Run("in a protected namespace it has no effect", doors.protected)
	t.Run("without the definition the webhook serves on, and says so", doors.undefined)
}

// doors are the programs that judge.
type doors struct {
	cluster        *envtest.Cluster
	client         *kubernetes.Clientset
	webhook        *webhookProcess
	reeve, scanner string
	namespace      string
}

// ask asks the API server for a privileged pod, without making it, and returns
// why it was denied; "" for not.
func (d *doors) ask(t *testing.T, namespace, name string) string {
	t.Helper()
	var pod corev1.Pod
	if err := yaml.Unmarshal([]byte(manifest(namespace, name, "securityContext: {privileged: true}")), &pod); err != nil {
		t.Fatal(err)
	}
	_, err := d.client.CoreV1().Pods(namespace).Create(t.Context(), &pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil && (!apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "privileged-container")) {
		t.Fatal(err)
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

func (d *doors) apply(t *testing.T, object string) {
	t.Helper()
	if _, stderr, code := d.cluster.KubectlInput(t, object, "apply", "-f", "-"); code != 0 {
		t.Fatal(stderr)
	}
}

// audit returns whether reeve audit finds the privileged pod.
func (d *doors) audit(t *testing.T) bool {
	t.Helper()
	command := exec.CommandContext(t.Context(), d.reeve, "audit", "--kubeconfig", d.cluster.Kubeconfig, "-n", d.namespace, "--select", "privileged-container", "-o", "json")
	output, err := command.Output()
	if code := command.ProcessState.ExitCode(); code != 0 && code != 2 {
		t.Fatalf("reeve audit: %v: %s", err, output)
	}
	var report struct {
		Findings []struct {
			Rule string `json:"rule"`
		} `json:"findings"`
	}
	if err := json.Unmarshal(output, &report); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return len(report.Findings) > 0
}

func (d *doors) expire(t *testing.T) {
	if why := d.ask(t, d.namespace, "legacy-2"); why == "" {
		t.Fatal("the pod is not denied without an exception")
	}
	exception := func(more ...string) string {
		return exceptionManifest(d.namespace, "legacy", append([]string{"rules: [privileged-*]", "reason: it is being replaced", "match: {kinds: [Pod], names: [legacy*], containers: [web]}"}, more...)...)
	}
	d.apply(t, exception())
	eventually(t, "the pod is allowed", func() bool { return d.ask(t, d.namespace, "legacy-2") == "" })
	if d.ask(t, d.namespace, "other") == "" {
		t.Error("a pod is allowed that the exception does not name")
	}
	d.apply(t, manifest(d.namespace, "legacy", "securityContext: {privileged: true}"))
	if d.audit(t) {
		t.Error("reeve audit finds what is excepted")
	}
	account := scannerAccount(t, d.cluster.Config, d.client)
	scanner := start(t, d.scanner, account, "--leader-elect=false", "--interval=1s", "--namespace", d.namespace, "--report-log=stdout",
		"--select=privileged-container", "--log-level=debug")
	eventually(t, "the scanner has written the status", func() bool {
		return d.column(t, ".status.hidden") == "1" && d.column(t, ".status.expired") == "false"
	})

	expires := time.Now().Add(6 * time.Second).Truncate(time.Second)
	d.apply(t, exception("expiresAt: '"+expires.UTC().Format(time.RFC3339)+"'"))
	asked := map[bool]int{}
	for denied := false; !denied; {
		before := time.Now()
		denied = d.ask(t, d.namespace, "legacy-2") != ""
		after := time.Now()
		if denied && after.Before(expires) || !denied && !before.Before(expires) {
			t.Errorf("denied: %t, asked from %s to %s after the exception expired", denied, before.Sub(expires), after.Sub(expires))
		}
		asked[denied]++
	}
	if asked[false] == 0 {
		t.Error("nothing was asked before the exception expired; the machine is too slow for this test")
	}
	if why := d.ask(t, d.namespace, "legacy-2"); !strings.Contains(why, "(privileged-container; the exception legacy has expired)") {
		t.Errorf("the denial does not say why: %s", why)
	}
	if !d.audit(t) {
		t.Error("reeve audit does not find what is excepted no longer")
	}
	eventually(t, "the status says so", func() bool {
		return d.column(t, ".status.expired") == "true" && d.column(t, ".status.hidden") == "0" && d.column(t, ".status.conditions[0].reason") == "Expired"
	})
	stdout, _, _ := d.cluster.Kubectl(t, "-n", d.namespace, "get", "events", "-o", "jsonpath={range .items[*]}{.reason} {.involvedObject.name}{\"\\n\"}{end}")
	if !strings.Contains(stdout, "ExceptionExpired legacy\n") {
		t.Errorf("there is no Event on the exception:\n%s", stdout)
	}
	eventually(t, "the webhook counts it", func() bool { return d.webhook.value(t, "reeve_exceptions_expired") == 1 })
	if code := scanner.terminate(t); code != 0 {
		t.Errorf("exit code %d of the scanner", code)
	}
	d.scanned(t, scanner, expires)
}

// scanned checks that no pass of the scanner found anything that ended before the
// exception expired, and each did that began after.
func (d *doors) scanned(t *testing.T, scanner *process, expires time.Time) {
	t.Helper()
	counts := map[string]int{}
	for line := range strings.Lines(scanner.stdout.String()) {
		var pass struct {
			Record          string
			Time            time.Time
			DurationSeconds float64
			Findings        int
		}
		if err := json.Unmarshal([]byte(line), &pass); err != nil {
			t.Fatal(err)
		}
		if pass.Record != "pass" {
			continue
		}
		ended := pass.Time.Add(time.Duration(pass.DurationSeconds * float64(time.Second)))
		switch {
		case ended.Before(expires):
			counts["before"]++
			if pass.Findings > 0 {
				t.Errorf("a pass that ended %s before found something", expires.Sub(ended))
			}
		case !pass.Time.Before(expires):
			counts["after"]++
			if pass.Findings != 1 {
				t.Errorf("a pass that began %s after found %d", pass.Time.Sub(expires), pass.Findings)
			}
		}
	}
	if counts["before"] == 0 || counts["after"] == 0 {
		t.Errorf("passes before and after: %v", counts)
	}
}

// column returns a field of the exception.
func (d *doors) column(t *testing.T, path string) string {
	t.Helper()
	stdout, _, _ := d.cluster.Kubectl(t, "-n", d.namespace, "get", "ruleexception", "legacy", "-o", "jsonpath={"+path+"}")
	return stdout
}

func (d *doors) protected(t *testing.T) {
	const namespace = "kube-public"
	watchNamespace(t, d.cluster, d.webhook, namespace)
	d.apply(t, exceptionManifest(namespace, "all", "rules: ['*']", "reason: try it"))
	before := d.webhook.value(t, "reeve_exceptions")
	d.apply(t, exceptionManifest(d.namespace, "known-after", "rules: [host-network]", "reason: to see that the other is known"))
	eventually(t, "the exceptions are known", func() bool { return d.webhook.value(t, "reeve_exceptions") > before })
	if d.ask(t, namespace, "web") == "" {
		t.Error("the pod is allowed")
	}
	if code := start(t, d.scanner, d.cluster.Config, "--once", "--events=false").wait(t); code != 0 {
		t.Errorf("exit code %d of the scanner", code)
	}
	stdout, _, _ := d.cluster.Kubectl(t, "-n", namespace, "get", "rex", "all", "-o", "wide")
	if !strings.Contains(stdout, "ProtectedNamespace") {
		t.Errorf("its status does not say why:\n%s", stdout)
	}
}

func (d *doors) undefined(t *testing.T) {
	if code, text := d.webhook.ready(); code != http.StatusOK || strings.Contains(text, "degraded") {
		t.Fatal(code, text)
	}
	d.apply(t, exceptionManifest(d.namespace, "hides", "rules: [privileged-container]", "reason: test"))
	eventually(t, "the pod is allowed", func() bool { return d.ask(t, d.namespace, "web") == "" })
	if _, stderr, code := d.cluster.Kubectl(t, "delete", "crd", "ruleexceptions.kubereeve.io"); code != 0 {
		t.Fatal(stderr)
	}
	eventually(t, "it is said", func() bool { return d.webhook.value(t, "reeve_exceptions_stale") == 1 })
	if code, text := d.webhook.ready(); code != http.StatusOK || !strings.Contains(text, "degraded: exceptions are those last known at ") {
		t.Error(code, text)
	}
	if !strings.Contains(d.webhook.log.String(), "the exceptions cannot be watched; those last known count on") {
		t.Error("the log does not say so")
	}
	eventually(t, "what has gone with the definition counts no longer", func() bool { return d.ask(t, d.namespace, "web") != "" })
}
