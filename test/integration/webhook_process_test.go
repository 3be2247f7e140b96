package integration_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/kubereeve/reeve/test/envtest"
)

// privilegedReview is the AdmissionReview of a privileged pod.
func privilegedReview(t *testing.T) []byte {
	t.Helper()
	object, err := yaml.YAMLToJSON([]byte(manifest("shop", "web", "securityContext: {privileged: true}")))
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID: "1", Kind: metav1.GroupVersionKind{Version: "v1", Kind: "Pod"}, Operation: admissionv1.Create,
			Namespace: "shop", Name: "web", Object: runtime.RawExtension{Raw: object},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// review sends a review of a privileged pod and fails unless it is denied.
func (p *webhookProcess) review(client *http.Client, body []byte) error {
	return p.send(client, bytes.NewReader(body), len(body))
}

func (p *webhookProcess) send(client *http.Client, body io.Reader, length int) error {
	request, err := http.NewRequest(http.MethodPost, "https://"+p.address+"/validate?timeout=30s", body)
	if err != nil {
		return err
	}
	request.ContentLength = int64(length)
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK || !strings.Contains(string(text), "(privileged-container)") {
		return fmt.Errorf("status %d: %s", answer.StatusCode, text)
	}
	return nil
}

// TestWebhookProcess looks at the life of the real program.
func TestWebhookProcess(t *testing.T) {
	cluster := envtest.Start(t)
	t.Run("is not ready without a good certificate", func(t *testing.T) { certificateStates(t, cluster) })
	t.Run("replaces its certificate under traffic", func(t *testing.T) { certificateReplaced(t, cluster) })
	t.Run("drains on SIGTERM", func(t *testing.T) { drains(t, cluster) })
	t.Run("ends at once on a second signal", func(t *testing.T) { endsAtOnce(t, cluster) })
	t.Run("starts without permission for namespaces", func(t *testing.T) { withoutPermission(t, cluster) })
	t.Run("starts without an API server", withoutAPIServer)
	t.Run("refuses to start", func(t *testing.T) { refusesToStart(t, cluster) })
	t.Run("speaks TLS 1.2 and later only", func(t *testing.T) { oldTLS(t, cluster) })
}

func certificateStates(t *testing.T, cluster *envtest.Cluster) {
	p := startWebhook(t, cluster.Kubeconfig, "--mode-for", "privileged-container=deny")
	notReady := func(why string) {
		t.Helper()
		text := ""
		eventually(t, "/readyz says "+why, func() bool {
			var code int
			code, text = p.ready()
			return code == http.StatusServiceUnavailable && strings.Contains(text, why)
		})
		if err := p.review(p.client(), privilegedReview(t)); err == nil {
			t.Errorf("a request was served although: %s", text)
		}
	}
	notReady("there is no serving certificate")
	writeSecret(t, p.certificates, map[string][]byte{"tls.crt": []byte("nonsense"), "tls.key": []byte("nonsense")})
	notReady("is unusable")
	p.authority.issue(t, p.certificates, 2, time.Now().Add(-time.Hour))
	notReady("the serving certificate expired on ")
	if ends := p.value(t, "reeve_serving_certificate_expiry_timestamp_seconds"); ends == 0 || ends > float64(time.Now().Unix()) {
		t.Errorf("the metric says that the certificate ends at %v", ends)
	}
	if !strings.Contains(p.log.String(), "the serving certificate is refused") {
		t.Error("the log does not say that the certificate is refused")
	}
	p.authority.issue(t, p.certificates, 3, time.Now().Add(time.Hour))
	p.waitReady(t)
	if err := p.review(p.client(), privilegedReview(t)); err != nil {
		t.Error(err)
	}
	// An expired certificate does not take the place of a good one.
	p.authority.issue(t, p.certificates, 4, time.Now().Add(-time.Hour))
	eventually(t, "the expired certificate is refused", func() bool {
		return strings.Count(p.log.String(), "the serving certificate is refused") == 2
	})
	if code, text := p.ready(); code != http.StatusOK {
		t.Errorf("not ready any more: %s", text)
	}
	if ends := p.value(t, "reeve_serving_certificate_expiry_timestamp_seconds"); ends < float64(time.Now().Unix()) {
		t.Errorf("the metric says that the certificate ends at %v", ends)
	}
}

// certificateReplaced replaces the certificate while requests come directly, each
// with a connection of its own, and through the API server.
func certificateReplaced(t *testing.T, cluster *envtest.Cluster) {
	p := startWebhook(t, cluster.Kubeconfig, "--mode-for", "privileged-container=deny").serve(t)
	namespace := watchNamespace(t, cluster, p, "replaced")
	body := privilegedReview(t)
	var requests, failed atomic.Int64
	stop := make(chan struct{})
	var group sync.WaitGroup
	traffic := func(send func() error) {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				requests.Add(1)
				if err := send(); err != nil && failed.Add(1) == 1 {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		client := p.client()
		traffic(func() error { return p.review(client, body) })
	}
	traffic(func() error {
		_, stderr, _ := cluster.KubectlInput(t, manifest(namespace, "web", "securityContext: {privileged: true}"), "apply", "-f", "-", "--dry-run=server")
		if !strings.Contains(stderr, "(privileged-container)") {
			return fmt.Errorf("kubectl: %s", stderr)
		}
		return nil
	})
	for serial := range int64(5) {
		p.authority.issue(t, p.certificates, 1000+serial, time.Now().Add(time.Hour))
		eventually(t, "the new certificate is served", func() bool { return p.serial(t) == 1000+serial })
	}
	close(stop)
	group.Wait()
	if failed.Load() > 0 || requests.Load() < 20 {
		t.Errorf("%d of %d requests failed", failed.Load(), requests.Load())
	}
}

// serial returns the serial number of the certificate that is served.
func (p *webhookProcess) serial(t *testing.T) int64 {
	t.Helper()
	connection, err := tls.Dial("tcp", p.address, &tls.Config{RootCAs: p.authority.pool, ServerName: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	return connection.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// held is a body of which the last byte waits.
type held struct {
	io.Reader
	sent, finish chan struct{}
	last         []byte
}

func newHeld(body []byte) *held {
	n := len(body) - 1
	return &held{Reader: bytes.NewReader(body[:n]), last: body[n:], sent: make(chan struct{}), finish: make(chan struct{})}
}

func (h *held) Read(p []byte) (int, error) {
	if n, err := h.Reader.Read(p); err != io.EOF {
		return n, err
	}
	if h.last == nil {
		return 0, io.EOF
	}
	close(h.sent)
	<-h.finish
	n := copy(p, h.last)
	h.last = nil
	return n, nil
}

// drains ends the program while requests are under way. They stay so, by holding
// back the end of their bodies, until the program listens no more.
func drains(t *testing.T, cluster *envtest.Cluster) {
	p := startWebhook(t, cluster.Kubeconfig, "--mode-for", "privileged-container=deny", "--deadline", "30s", "--drain-delay", "2s").serve(t)
	body := privilegedReview(t)
	results := make(chan error, 8)
	var bodies []*held
	for n := range cap(results) {
		client := p.client()
		client.Transport.(*http.Transport).ForceAttemptHTTP2 = n%2 == 0
		h := newHeld(body)
		bodies = append(bodies, h)
		go func() { results <- p.send(client, h, len(body)) }()
		<-h.sent
	}
	p.signal(t)
	eventually(t, "/readyz says that the webhook is going", func() bool {
		code, text := p.ready()
		return code == http.StatusServiceUnavailable && strings.Contains(text, "shutting down")
	})
	if err := p.review(p.client(), body); err != nil {
		t.Errorf("a request during the drain delay: %v", err)
	}
	eventually(t, "nothing listens any more", func() bool {
		connection, err := net.Dial("tcp", p.address)
		if err == nil {
			_ = connection.Close()
		}
		return err != nil
	})
	for _, h := range bodies {
		close(h.finish)
	}
	for range bodies {
		if err := <-results; err != nil {
			t.Errorf("a request that was under way: %v", err)
		}
	}
	if code := p.wait(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func endsAtOnce(t *testing.T, cluster *envtest.Cluster) {
	p := startWebhook(t, cluster.Kubeconfig, "--drain-delay", "1h").serve(t)
	p.signal(t)
	eventually(t, "the webhook is draining", func() bool { return strings.Contains(p.log.String(), "draining") })
	if code := p.end(t); code == 0 {
		t.Error("exit code 0 although the drain was cut short")
	}
}

func withoutPermission(t *testing.T, cluster *envtest.Cluster) {
	p := startWebhook(t, cluster.UserKubeconfig(t, "nobody-in-particular"), "--mode-for", "privileged-container=deny").serve(t)
	if log := p.log.String(); !strings.Contains(log, "the namespaces cannot be watched") || !strings.Contains(log, "forbidden") {
		t.Error("the log does not say that the namespaces are forbidden")
	}
	if err := p.review(p.client(), privilegedReview(t)); err != nil {
		t.Error(err)
	}
}

func withoutAPIServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kubeconfig")
	config := "{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}], users: [{name: u}], clusters: [{name: c, cluster: {server: \"https://" + freeAddress(t) + "\"}}]}"
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startWebhook(t, path, "--mode-for", "privileged-container=deny").serve(t)
	if err := p.review(p.client(), privilegedReview(t)); err != nil {
		t.Error(err)
	}
	if code := p.end(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func refusesToStart(t *testing.T, cluster *envtest.Cluster) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "broken.rego"), []byte(brokenFile), 0o600); err != nil {
		t.Fatal(err)
	}
	taken, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	tests := []struct {
		name      string
		arguments []string
		message   string
	}{
		{"with --strict and a broken rule", []string{"--strict", "--rules", dir}, "broken.rego:3: "},
		{"without any rule", []string{"--no-builtin", "--rules", dir}, "no rule is left"},
		{"with an unreadable directory of rules", []string{"--strict", "--rules", filepath.Join(dir, "missing")}, "no such file"},
		{"on a port that is taken", []string{"--metrics-listen", taken.Addr().String()}, "--metrics-listen: "},
		{"with a mode for a rule that is not there", []string{"--mode-for", "privileged=deny"}, "no rule is called privileged"},
		{"with a kubeconfig that is not there", []string{"--kubeconfig", filepath.Join(dir, "missing")}, "kubeconfig"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := startWebhook(t, cluster.Kubeconfig, test.arguments...)
			if code := p.wait(t); code != 1 || !strings.Contains(p.log.String(), test.message) {
				t.Errorf("exit code %d, without %q", code, test.message)
			}
		})
	}
}

func oldTLS(t *testing.T, cluster *envtest.Cluster) {
	p := startWebhook(t, cluster.Kubeconfig).serve(t)
	for version, accepted := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		connection, err := tls.Dial("tcp", p.address, &tls.Config{RootCAs: p.authority.pool, ServerName: "localhost", MinVersion: tls.VersionTLS10, MaxVersion: version})
		if err == nil {
			_ = connection.Close()
		}
		if accepted != (err == nil) {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
	}
}
