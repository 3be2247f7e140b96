package scan_test

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/scan"
)

var (
	componentHealth    = schema.GroupKind{Group: scan.HealthGroup, Kind: "ComponentHealth"}
	servingCertificate = schema.GroupKind{Group: scan.HealthGroup, Kind: "ServingCertificate"}
	eventGroup         = schema.GroupKind{Group: scan.HealthGroup, Kind: "EventGroup"}
	componentStatuses  = schema.GroupKind{Kind: "ComponentStatus"}
	events             = schema.GroupKind{Kind: "Event"}
)

// servers answers for the API server's health endpoints, by path, and for
// certificates, by address.
type servers struct {
	health       map[string]string // "fail" before the text makes a failure of it
	certificates map[string]*x509.Certificate
	err          error
}

func (s servers) Health(_ context.Context, path string) (string, bool, error) {
	text, known := s.health[path]
	if !known {
		return "", false, s.err
	}
	text, failed := strings.CutPrefix(text, "fail")
	return text, !failed, nil
}

func (s servers) ServingCertificate(_ context.Context, address string) (*x509.Certificate, error) {
	certificate, known := s.certificates[address]
	if !known {
		return nil, s.err
	}
	return certificate, nil
}

var notFound = apierrors.NewNotFound(schema.GroupResource{}, "livez")

// made makes a pass over one kind and returns what was judged of it.
func made(t *testing.T, c *cluster, options scan.Options, kind schema.GroupKind) ([]map[string]any, finding.Pass) {
	t.Helper()
	written, judge, pass := run(t, c, options, kind)
	var objects []map[string]any
	for _, res := range judge.reviewed {
		if res.GroupKind() != kind || res.UID != "" || res.APIVersion != "health.kubereeve.io/v1alpha1" {
			t.Errorf("judged %+v, want a %s without a uid", res.Identity, kind)
		}
		var object map[string]any
		if err := json.Unmarshal(res.Object, &object); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	complete := slices.ContainsFunc(written.all, func(r report) bool { return r.Complete })
	if complete == (pass.Failed[kind.String()] != "") {
		t.Errorf("complete: %t, failed: %v", complete, pass.Failed)
	}
	return objects, pass
}

// lines returns one line for each ComponentHealth, sorted.
func lines(objects []map[string]any) []string {
	var all []string
	for _, object := range objects {
		spec, status := object["spec"].(map[string]any), object["status"].(map[string]any)
		line := fmt.Sprintf("%s of %s by %s: %t", object["metadata"].(map[string]any)["name"], spec["component"], spec["source"], status["healthy"])
		if status["message"] != nil {
			line += ", " + status["message"].(string)
		}
		all = append(all, line)
	}
	slices.Sort(all)
	return all
}

func mirrorPod(name, node, ready string) string {
	return fmt.Sprintf(`{"metadata":{"name":"%s-%s","namespace":"kube-system","annotations":{"kubernetes.io/config.mirror":"x"}},
		"spec":{"nodeName":%q},"status":{"phase":"Running","conditions":[{"type":"PodScheduled","status":"True"},{"type":"Ready","status":%q,"reason":"ContainersNotReady"}]}}`,
		name, node, node, ready)
}

func componentStatus(name, status, message, failure string) string {
	return fmt.Sprintf(`{"metadata":{"name":%q},"conditions":[{"type":"Healthy","status":%q,"message":%q,"error":%q}]}`, name, status, message, failure)
}

func TestComponentHealth(t *testing.T) {
	for _, test := range []struct {
		name     string
		health   map[string]string
		pods     []string
		statuses []string
		want     []string
	}{
		{
			name: "tells each check of the API server",
			health: map[string]string{
				"/livez": "[+]ping ok\n[+]etcd ok\nlivez check passed\n",
				"/readyz": "fail[+]ping ok\n[-]etcd failed: reason withheld\n[-]etcd-readiness failed: reason withheld\n[+]etcd-override-readiness excluded: ok\n" +
					"[-]poststarthook/rbac/bootstrap-roles failed: reason withheld\n[+]informer-sync ok\nreadyz check failed\n",
			},
			want: []string{
				"livez/etcd of etcd by /livez: true", "livez/ping of kube-apiserver by /livez: true",
				"readyz/etcd of etcd by /readyz: false, reason withheld",
				"readyz/etcd-override-readiness of etcd by /readyz: true",
				"readyz/etcd-readiness of etcd by /readyz: false, reason withheld",
				"readyz/informer-sync of kube-apiserver by /readyz: true",
				"readyz/ping of kube-apiserver by /readyz: true",
				"readyz/poststarthook/rbac/bootstrap-roles of kube-apiserver by /readyz: false, reason withheld",
			},
		},
		{
			name:   "takes an answer without checks for one",
			health: map[string]string{"/livez": "ok", "/readyz": "failno\n"},
			want:   []string{"livez of kube-apiserver by /livez: true", "readyz of kube-apiserver by /readyz: false"},
		},
		{
			name:   "does not believe a failure whose checks all pass",
			health: map[string]string{"/livez": "fail[+]ping ok\nlivez check failed\n"},
			want:   []string{"livez of kube-apiserver by /livez: false", "livez/ping of kube-apiserver by /livez: true"},
		},
		{
			name: "tells of the control plane's own pods",
			pods: []string{
				mirrorPod("kube-scheduler", "cp-1", "True"), mirrorPod("etcd", "cp-1", "False"), mirrorPod("etcd-events", "cp-2", "True"),
				mirrorPod("kube-proxy", "cp-1", "False"), mirrorPod("kube-schedulers", "cp-1", "False"),
				`{"metadata":{"name":"etcd-backup","namespace":"kube-system"}}`,
				`{"metadata":{"name":"kube-apiserver-cp-2","annotations":{"kubernetes.io/config.mirror":"x"}},"spec":{"nodeName":"cp-2"},"status":{"phase":"Pending"}}`,
			},
			want: []string{
				"pods/etcd-cp-1 of etcd by its pod: false, ContainersNotReady",
				"pods/etcd-events-cp-2 of etcd by its pod: true, ContainersNotReady",
				"pods/kube-apiserver-cp-2 of kube-apiserver by its pod: false, phase Pending",
				"pods/kube-scheduler-cp-1 of kube-scheduler by its pod: true, ContainersNotReady",
			},
		},
		{
			name: "tells component statuses",
			statuses: []string{
				componentStatus("scheduler", "False", "Get \"https://127.0.0.1:10259/healthz\": connection refused", ""),
				componentStatus("controller-manager", "True", "ok", ""), componentStatus("etcd-0", "Unknown", "", "timed out"),
				componentStatus("other", "True", "", ""), `{"metadata":{"name":"silent"},"conditions":[{"type":"Other","status":"False"}]}`,
			},
			want: []string{
				"componentstatuses/controller-manager of kube-controller-manager by componentstatuses: true, ok",
				"componentstatuses/etcd-0 of etcd by componentstatuses: false, timed out",
				"componentstatuses/other of other by componentstatuses: true",
				"componentstatuses/scheduler of kube-scheduler by componentstatuses: false, Get \"https://127.0.0.1:10259/healthz\": connection refused",
			},
		},
		{
			name:     "believes a ready pod rather than a component status, except of etcd",
			pods:     []string{mirrorPod("kube-scheduler", "cp-1", "True"), mirrorPod("kube-controller-manager", "cp-1", "False"), mirrorPod("etcd", "cp-1", "True")},
			statuses: []string{componentStatus("scheduler", "False", "", "x"), componentStatus("controller-manager", "False", "", "x"), componentStatus("etcd-0", "False", "", "x")},
			want: []string{
				"componentstatuses/controller-manager of kube-controller-manager by componentstatuses: false, x",
				"componentstatuses/etcd-0 of etcd by componentstatuses: false, x",
				"pods/etcd-cp-1 of etcd by its pod: true, ContainersNotReady",
				"pods/kube-controller-manager-cp-1 of kube-controller-manager by its pod: false, ContainersNotReady",
				"pods/kube-scheduler-cp-1 of kube-scheduler by its pod: true, ContainersNotReady",
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &cluster{objects: map[schema.GroupKind][]string{namespaces: {}, pods: test.pods}}
			if test.statuses != nil {
				c.objects[componentStatuses] = test.statuses
			}
			objects, pass := made(t, c, scan.Options{Health: servers{health: test.health, err: notFound}}, componentHealth)
			if diff := cmp.Diff(test.want, lines(objects)); diff != "" {
				t.Errorf("judged (-want +got):\n%s", diff)
			}
			if len(pass.Failed) > 0 {
				t.Errorf("failed: %v", pass.Failed)
			}
		})
	}
}

func TestComponentHealthThatCannotBeReadIsSaidAndTheRestJudged(t *testing.T) {
	c := &cluster{
		objects: map[schema.GroupKind][]string{namespaces: {}, pods: {mirrorPod("etcd", "cp-1", "False")}, componentStatuses: {}},
		misbehave: func(request string) error {
			if request == "ComponentStatus" {
				return forbidden(componentStatuses)
			}
			return nil
		},
	}
	health := servers{health: map[string]string{"/livez": "[+]ping ok"}, err: forbidden(schema.GroupKind{Kind: "Readyz"})}
	objects, pass := made(t, c, scan.Options{Health: health}, componentHealth)
	want := []string{"livez/ping of kube-apiserver by /livez: true", "pods/etcd-cp-1 of etcd by its pod: false, ContainersNotReady"}
	if diff := cmp.Diff(want, lines(objects)); diff != "" {
		t.Errorf("judged (-want +got):\n%s", diff)
	}
	reason := pass.Failed[componentHealth.String()]
	if !strings.HasPrefix(reason, "/readyz: ") || !strings.Contains(reason, "; componentstatuses: ") || len(pass.Failed) != 1 {
		t.Errorf("failed: %v", pass.Failed)
	}
}

func TestServingCertificates(t *testing.T) {
	certificate := func(name string) *x509.Certificate {
		return &x509.Certificate{
			Subject: pkix.Name{CommonName: name}, Issuer: pkix.Name{CommonName: "ca"}, DNSNames: []string{name},
			NotBefore: time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600)), NotAfter: time.Date(2027, 1, 2, 3, 4, 5, 6, time.UTC),
		}
	}
	api, ours := certificate("kubernetes"), certificate("hook")
	api.IPAddresses = []net.IP{net.IPv4(10, 96, 0, 1)}
	objects, _ := made(t, &cluster{}, scan.Options{
		Health:         servers{certificates: map[string]*x509.Certificate{"": api, "hook:443": ours}},
		WebhookAddress: "hook:443",
	}, servingCertificate)
	status := func(name string, addresses ...any) map[string]any {
		return map[string]any{
			"subject": "CN=" + name, "issuer": "CN=ca", "dnsNames": []any{name}, "ipAddresses": append([]any{}, addresses...),
			"notBefore": "2026-01-02T02:04:05Z", "notAfter": "2027-01-02T03:04:05Z",
		}
	}
	slices.SortFunc(objects, func(a, b map[string]any) int {
		return strings.Compare(fmt.Sprint(a["metadata"]), fmt.Sprint(b["metadata"]))
	})
	want := []map[string]any{
		{
			"apiVersion": "health.kubereeve.io/v1alpha1", "kind": "ServingCertificate", "metadata": map[string]any{"name": "kube-apiserver"},
			"spec": map[string]any{"server": "kube-apiserver"}, "status": status("kubernetes", "10.96.0.1"),
		},
		{
			"apiVersion": "health.kubereeve.io/v1alpha1", "kind": "ServingCertificate", "metadata": map[string]any{"name": "reeve-webhook"},
			"spec": map[string]any{"server": "reeve-webhook", "address": "hook:443"}, "status": status("hook"),
		},
	}
	if diff := cmp.Diff(want, objects); diff != "" {
		t.Errorf("judged (-want +got):\n%s", diff)
	}
}

func TestACertificateThatCannotBeReadIsSaidAndTheOtherJudged(t *testing.T) {
	objects, pass := made(t, &cluster{}, scan.Options{
		Health:         servers{certificates: map[string]*x509.Certificate{"": {}}, err: errors.New("refused")},
		WebhookAddress: "hook:443", Attempts: 1,
	}, servingCertificate)
	if len(objects) != 1 || !strings.Contains(pass.Failed[servingCertificate.String()], "refused") {
		t.Errorf("judged %v, failed %v", objects, pass.Failed)
	}
}

func TestAnAPIServerWithoutTLSHasNoCertificate(t *testing.T) {
	objects, pass := made(t, &cluster{}, scan.Options{Health: servers{certificates: map[string]*x509.Certificate{"": nil}}}, servingCertificate)
	if len(objects) != 0 || len(pass.Failed) != 0 {
		t.Errorf("judged %v, failed %v", objects, pass.Failed)
	}
}

func TestHealthOfTheClusterIsLeftOutWhereItIsNotAsked(t *testing.T) {
	c := func() *cluster {
		return &cluster{objects: map[schema.GroupKind][]string{namespaces: {object("", "shop")}}}
	}
	everything := servers{health: map[string]string{"/livez": "ok", "/readyz": "ok"}, certificates: map[string]*x509.Certificate{"": {}}}
	for name, options := range map[string]scan.Options{
		"nobody to ask": {}, "one namespace": {Health: everything, Namespace: "shop"},
	} {
		t.Run(name, func(t *testing.T) {
			_, judge, pass := run(t, c(), options, componentHealth, servingCertificate)
			if len(judge.reviewed) != 0 || len(pass.Failed) != 0 {
				t.Errorf("judged %v, failed %v", judge.reviewed, pass.Failed)
			}
		})
	}
}

func TestReadsNamesWhatMadeKindsAreMadeOf(t *testing.T) {
	listed, paths := scan.Reads([]schema.GroupKind{roles, componentHealth, servingCertificate, eventGroup})
	if diff := cmp.Diff([]schema.GroupKind{roles, componentStatuses, pods, events}, listed); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"/livez", "/readyz"}, paths); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}
