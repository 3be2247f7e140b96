package integration_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/kube"
	"github.com/kubereeve/reeve/internal/scan"
	"github.com/kubereeve/reeve/internal/sink"
)

// messages is a sink that keeps what one rule says of each resource.
type messages struct {
	rule string
	all  map[string]string
}

func (m *messages) Write(_ context.Context, report finding.Report) error {
	for _, verdict := range report.Verdicts {
		for _, f := range verdict.Findings {
			if f.Rule == m.rule {
				m.all[f.Resource.String()+" "+f.Path] = f.Message
			}
		}
	}
	return nil
}

// said makes a pass with a scanner that asks for health, and returns what a rule
// says of each resource.
func said(t *testing.T, config *rest.Config, rule string, change func(*scan.Options)) (map[string]string, finding.Pass) {
	t.Helper()
	cluster, err := kube.NewCluster(config)
	if err != nil {
		t.Fatal(err)
	}
	seen := &messages{rule: rule, all: make(map[string]string)}
	ended := pass(t, newScanner(t, config, seen, func(o *scan.Options) {
		o.Health = cluster
		if change != nil {
			change(o)
		}
	}))
	return seen.all, ended
}

func TestScanHealth(t *testing.T) {
	config, _ := startCluster(t)
	client := clientset(t, config)
	t.Run("judges the health of a real API server", func(t *testing.T) { controlPlane(t, config) })
	t.Run("judges the certificate of a real API server", func(t *testing.T) { certificates(t, config) })
	t.Run("groups Warning Events and names the problem", func(t *testing.T) { warningEvents(t, config, client) })
	t.Run("says what it may not read and judges the rest", func(t *testing.T) { forbiddenHealth(t, config) })
}

// controlPlane knows that there is an API server with etcd, and neither a
// scheduler nor a controller manager.
func controlPlane(t *testing.T, config *rest.Config) {
	found, ended := said(t, config, "component-unhealthy", nil)
	if len(ended.Failed) > 0 || ended.Errors > 0 {
		t.Errorf("pass %+v", ended)
	}
	want := []string{"ComponentHealth componentstatuses/controller-manager status.healthy", "ComponentHealth componentstatuses/scheduler status.healthy"}
	for _, resource := range want {
		if !strings.Contains(found[resource], "connection refused") {
			t.Errorf("%s: %q", resource, found[resource])
		}
		delete(found, resource)
	}
	if len(found) > 0 {
		t.Errorf("what is healthy was found fault with: %v", found)
	}
	// The API server has dozens of checks at each path.
	_, ended = said(t, config, "component-unhealthy", func(o *scan.Options) {
		o.Kinds = []schema.GroupKind{healthKind("ComponentHealth")}
	})
	if ended.Resources < 40 {
		t.Errorf("%d checks were judged, want those of /livez and /readyz", ended.Resources)
	}
}

// healthKind returns a kind that the scan makes itself.
func healthKind(name string) schema.GroupKind {
	return schema.GroupKind{Group: scan.HealthGroup, Kind: name}
}

func certificates(t *testing.T, config *rest.Config) {
	found, _ := said(t, config, "certificate-expiring", func(o *scan.Options) {
		// The API server stands in for the webhook.
		o.WebhookAddress = strings.TrimPrefix(config.Host, "https://")
	})
	for _, server := range []string{"kube-apiserver", "reeve-webhook"} { // the test's certificates are good for a week
		message := found["ServingCertificate "+server+" status.notAfter"]
		if !strings.HasPrefix(message, "the serving certificate of "+server+" (subject ") || !strings.Contains(message, ") expires at 20") {
			t.Errorf("%s: %q", server, message)
		}
	}
	_, ended := said(t, config, "certificate-expiring", func(o *scan.Options) { o.WebhookAddress, o.Attempts = "127.0.0.1:1", 1 })
	if reason := ended.Failed[healthKind("ServingCertificate").String()]; len(ended.Failed) != 1 || !strings.Contains(reason, "127.0.0.1:1") {
		t.Errorf("failed: %v", ended.Failed)
	}
}

func warningEvents(t *testing.T, config *rest.Config, client *kubernetes.Clientset) {
	createNamespace(t, client, "warned")
	createRole(t, client, "warned", "wild", true)
	now := time.Now()
	plant := func(reason, message string, count int32, ago time.Duration) {
		t.Helper()
		at := metav1.NewTime(now.Add(-ago))
		planted := &corev1.Event{
			ObjectMeta:     metav1.ObjectMeta{GenerateName: "web-0.", Namespace: "warned"},
			InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: "warned", Name: "web-0"},
			Type:           corev1.EventTypeWarning, Reason: reason, Message: message, Count: count,
			FirstTimestamp: at, LastTimestamp: at, Source: corev1.EventSource{Component: "kubelet"},
		}
		if _, err := client.CoreV1().Events("warned").Create(t.Context(), planted, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	plant("FailedMount", "MountVolume.SetUp failed for volume \"data\": older", 2, 20*time.Minute)
	plant("FailedMount", "MountVolume.SetUp failed for volume \"data\": newer", 3, 10*time.Minute)
	plant("Failed", "mkdir /data: no space left on device", 1, time.Minute)
	plant("BackOff", "long over", 1, 2*time.Hour)
	// What Reeve itself says of the role must not come back as a warning.
	pass(t, newScanner(t, config, sink.Fanout{newEvents(t, config, &skipped{}, 100, 100)}, inNamespace("warned")))
	if len(violations(t, client, "warned")["wild"]) != 1 {
		t.Fatal("there is no Event of Reeve's own")
	}
	found, ended := said(t, config, "warning-event", inNamespace("warned"))
	text := func(ago time.Duration) string { return now.Add(-ago).UTC().Format(time.RFC3339) }
	want := map[string]string{
		"EventGroup warned/web-0 reason=FailedMount,involvedObject.kind=Pod": `FailedMount: Pod "web-0" has the Warning Event "FailedMount" (count: 5, last seen: ` +
			text(10*time.Minute) + `); it says "MountVolume.SetUp failed for volume 'data': newer"; check the volume, its Secret or ConfigMap and its driver`,
		"EventGroup warned/web-0 reason=Failed,involvedObject.kind=Pod": `NoSpace: Pod "web-0" has the Warning Event "Failed" (count: 1, last seen: ` +
			text(time.Minute) + `); it says "mkdir /data: no space left on device"; make room on the node or on the volume`,
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if len(ended.Failed) > 0 || ended.Errors > 0 {
		t.Errorf("pass %+v", ended)
	}
}

// forbiddenHealth scans as somebody who may read nothing but what everybody may:
// the health endpoints.
func forbiddenHealth(t *testing.T, config *rest.Config) {
	limited := as(config, "nobody")
	limited.Impersonate.Groups = []string{"system:authenticated"}
	_, ended := said(t, limited, "component-unhealthy", nil)
	if reason := ended.Failed[healthKind("ComponentHealth").String()]; !strings.Contains(reason, `cannot list resource "pods"`) ||
		!strings.Contains(reason, `cannot list resource "componentstatuses"`) || strings.Contains(reason, "/readyz") {
		t.Errorf("component health failed with %q", reason)
	}
	if reason := ended.Failed[healthKind("EventGroup").String()]; !strings.Contains(reason, `cannot list resource "events"`) {
		t.Errorf("events failed with %q", reason)
	}
	if ended.Resources < 40 {
		t.Errorf("%d resources were judged, want the API server's checks", ended.Resources)
	}
}
