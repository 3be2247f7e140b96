package integration_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kubereeve/reeve/internal/scan"
	"github.com/kubereeve/reeve/internal/sink"
	"github.com/kubereeve/reeve/internal/sink/event"
)

// skipped counts Events that were held back.
type skipped struct{ atomic.Int64 }

func (s *skipped) EventSkipped() { s.Add(1) }

func newEvents(t *testing.T, config *rest.Config, recorder *skipped, perSecond float64, burst int) *event.Sink {
	t.Helper()
	events, err := event.New(event.Options{
		Client: clientset(t, config).CoreV1(), Instance: "test", PerSecond: perSecond, Burst: burst, Recorder: recorder, Log: testLog(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// violations returns the Events of a namespace by the names of their objects.
func violations(t *testing.T, client *kubernetes.Clientset, namespace string) map[string][]corev1.Event {
	t.Helper()
	list, err := client.CoreV1().Events(namespace).List(t.Context(), metav1.ListOptions{FieldSelector: "reason=" + event.Reason})
	if err != nil {
		t.Fatal(err)
	}
	byObject := make(map[string][]corev1.Event)
	for _, item := range list.Items {
		byObject[item.InvolvedObject.Name] = append(byObject[item.InvolvedObject.Name], item)
	}
	return byObject
}

func TestScanEvents(t *testing.T) {
	config, _ := startCluster(t)
	client := clientset(t, config)
	t.Run("are written once per change", func(t *testing.T) { eventsOncePerChange(t, config, client) })
	t.Run("are held back and written later", func(t *testing.T) { eventsHeldBack(t, config, client) })
	t.Run("on cluster-scoped objects go to default", func(t *testing.T) { eventsClusterScoped(t, config, client) })
	t.Run("do not fail a scan that may not write them", func(t *testing.T) { eventsForbidden(t, config, client) })
	t.Run("are left out in a namespace that is going away", func(t *testing.T) { eventsTerminating(t, config, client) })
}

func inNamespace(name string) func(*scan.Options) {
	return func(o *scan.Options) { o.Namespace = name }
}

func eventsOncePerChange(t *testing.T, config *rest.Config, client *kubernetes.Clientset) {
	createNamespace(t, client, "changing")
	createRole(t, client, "changing", "wild", true)
	createRole(t, client, "changing", "tame", false)
	var creates atomic.Int64
	writing := counting(config, &creates)
	recorder := &skipped{}
	scanner := newScanner(t, config, newEvents(t, writing, recorder, 100, 100), inNamespace("changing"))
	pass(t, scanner)
	events := violations(t, client, "changing")
	if len(events) != 1 || len(events["wild"]) != 1 {
		t.Fatalf("events on %v, want one on wild", events)
	}
	got := events["wild"][0]
	if !strings.HasPrefix(got.Message, "critical: ") || !strings.Contains(got.Message, "(rbac-wildcard)") ||
		got.Type != corev1.EventTypeWarning || got.ReportingController != event.Controller ||
		got.InvolvedObject.APIVersion != "rbac.authorization.k8s.io/v1" || got.InvolvedObject.UID == "" {
		t.Errorf("event: %+v", got)
	}

	before := creates.Load()
	pass(t, scanner)
	if creates.Load() != before {
		t.Error("the second pass wrote again what the first had written")
	}
	// After a restart nothing is remembered, but the name is the same.
	pass(t, newScanner(t, config, newEvents(t, writing, recorder, 100, 100), inNamespace("changing")))
	if n := len(violations(t, client, "changing")["wild"]); n != 1 {
		t.Errorf("%d events after a restart, want 1", n)
	}

	role, err := client.RbacV1().Roles("changing").Get(t.Context(), "wild", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	role.Rules = append(role.Rules, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"users"}, Verbs: []string{"impersonate"}})
	if _, err := client.RbacV1().Roles("changing").Update(t.Context(), role, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	pass(t, scanner)
	if n := len(violations(t, client, "changing")["wild"]); n != 2 {
		t.Errorf("%d events after a finding was added, want 2", n)
	}

	// What is gone and comes back is news, as far as its old Event is not there.
	rules := role.Rules
	setRules(t, client, role, nil)
	pass(t, scanner)
	before = creates.Load()
	setRules(t, client, role, rules)
	pass(t, scanner)
	if creates.Load() != before+1 {
		t.Errorf("%d attempts to write an event on findings that came back, want 1", creates.Load()-before)
	}
	if recorder.Load() != 0 {
		t.Errorf("%d events held back", recorder.Load())
	}
}

func setRules(t *testing.T, client *kubernetes.Clientset, role *rbacv1.Role, rules []rbacv1.PolicyRule) {
	t.Helper()
	role = role.DeepCopy()
	role.Rules, role.ResourceVersion = rules, ""
	if _, err := client.RbacV1().Roles(role.Namespace).Update(t.Context(), role, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func eventsHeldBack(t *testing.T, config *rest.Config, client *kubernetes.Clientset) {
	createNamespace(t, client, "busy")
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		createRole(t, client, "busy", name, true)
	}
	recorder := &skipped{}
	// So slow that nothing but the burst passes.
	events := newEvents(t, config, recorder, 0.0001, 3)
	pass(t, newScanner(t, config, events, inNamespace("busy")))
	if n := len(violations(t, client, "busy")); n != 3 || recorder.Load() != 2 {
		t.Fatalf("%d events written and %d held back, want 3 and 2", n, recorder.Load())
	}
	pass(t, newScanner(t, config, events, inNamespace("busy")))
	if recorder.Load() != 4 {
		t.Errorf("%d events held back after two passes, want 4: what was held back is tried again", recorder.Load())
	}
	pass(t, newScanner(t, config, newEvents(t, config, recorder, 100, 100), inNamespace("busy")))
	if n := len(violations(t, client, "busy")); n != 5 {
		t.Errorf("%d events in the end, want 5", n)
	}
}

func eventsClusterScoped(t *testing.T, config *rest.Config, client *kubernetes.Clientset) {
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "acme:wild"}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}},
	}}
	if _, err := client.RbacV1().ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	pass(t, newScanner(t, config, newEvents(t, config, &skipped{}, 1000, 1000), nil))
	if n := len(violations(t, client, "default")["acme:wild"]); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

func eventsForbidden(t *testing.T, config *rest.Config, client *kubernetes.Clientset) {
	createNamespace(t, client, "quiet")
	for _, name := range []string{"a", "b"} {
		createRole(t, client, "quiet", name, true)
	}
	var creates atomic.Int64
	limited := as(counting(config, &creates), "nobody")
	seen := newCollected()
	ended := pass(t, newScanner(t, config, sink.Fanout{newEvents(t, limited, &skipped{}, 100, 100), seen}, inNamespace("quiet")))
	if seen.byRule["rbac-wildcard"] != 2 || len(ended.Failed) > 0 {
		t.Errorf("seen %v, pass %+v", seen.byRule, ended)
	}
	if creates.Load() != 1 {
		t.Errorf("%d attempts to write events, want no more than the one that was refused", creates.Load())
	}
}

func eventsTerminating(t *testing.T, config *rest.Config, client *kubernetes.Clientset) {
	createNamespace(t, client, "leaving")
	createRole(t, client, "leaving", "wild", true)
	// There is no controller that would empty the namespace.
	if err := client.CoreV1().Namespaces().Delete(t.Context(), "leaving", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	events := newEvents(t, config, &skipped{}, 100, 100)
	failing := &failures{to: events}
	pass(t, newScanner(t, config, failing, inNamespace("leaving")))
	if diff := cmp.Diff([]string(nil), failing.errors); diff != "" {
		t.Errorf("errors of the sink (-want +got):\n%s", diff)
	}
}
