package integration_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubereeve/reeve/test/envtest"
	"github.com/kubereeve/reeve/test/program"
)

// authority issues serving certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
	pool        *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{key: newKey(t), pool: x509.NewCertPool()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	a.pool.AddCert(a.certificate)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue puts a certificate that ends at notAfter into a directory, in the way the
// kubelet updates a Secret's volume: all files at once, by a link.
func (a *authority) issue(t *testing.T, dir string, serial int64, notAfter time.Time) {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "webhook"},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: notAfter,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writeSecret(t, dir, map[string][]byte{
		"tls.crt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		"tls.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	})
}

func writeSecret(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	version, err := os.MkdirTemp(dir, "..version-")
	if err != nil {
		t.Fatal(err)
	}
	steps := []error{}
	for name, content := range files {
		steps = append(steps, os.WriteFile(filepath.Join(version, name), content, 0o600))
		link := filepath.Join(dir, name)
		if _, err := os.Lstat(link); os.IsNotExist(err) {
			steps = append(steps, os.Symlink(filepath.Join("..data", name), link))
		}
	}
	steps = append(steps,
		os.Symlink(filepath.Base(version), filepath.Join(dir, "..data_new")),
		os.Rename(filepath.Join(dir, "..data_new"), filepath.Join(dir, "..data")))
	for _, err := range steps {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// webhookProcess is a running webhook.
type webhookProcess struct {
	command                 *exec.Cmd
	address, health, metric string
	status                  string
	certificates            string // directory
	authority               *authority
	ended                   chan struct{}
	code                    int
	log                     lockedBuffer
}

// lockedBuffer is a buffer that a process writes while a test reads it.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// startWebhook starts the program without a certificate and ends it with the
// test.
func startWebhook(t *testing.T, kubeconfig string, arguments ...string) *webhookProcess {
	t.Helper()
	p := &webhookProcess{
		address: freeAddress(t), health: freeAddress(t), metric: freeAddress(t), status: freeAddress(t),
		certificates: t.TempDir(), authority: newAuthority(t), ended: make(chan struct{}),
	}
	p.command = exec.Command(program.Path(t, "webhook"), append([]string{
		"--kubeconfig", kubeconfig, "--cert-dir", p.certificates, "--listen", p.address,
		"--health-listen", p.health, "--metrics-listen", p.metric, "--status-listen", p.status, "--drain-delay", "0s",
	}, arguments...)...)
	p.command.Stderr, p.command.Stdout = &p.log, &p.log
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.command.Wait() // the code tells
		p.code = p.command.ProcessState.ExitCode()
	}()
	t.Cleanup(func() {
		_ = p.command.Process.Kill() // or it has ended already
		<-p.ended
		if t.Failed() {
			t.Logf("log of the webhook:\n%s", p.log.String())
		}
	})
	return p
}

// serve gives the process a certificate and waits until it is ready.
func (p *webhookProcess) serve(t *testing.T) *webhookProcess {
	t.Helper()
	p.authority.issue(t, p.certificates, 100, time.Now().Add(time.Hour))
	p.waitReady(t)
	return p
}

func (p *webhookProcess) waitReady(t *testing.T) {
	t.Helper()
	eventually(t, "the webhook is ready", func() bool {
		code, _ := p.ready()
		return code == http.StatusOK
	})
}

// ready returns what /readyz answers, 0 when nothing does.
func (p *webhookProcess) ready() (int, string) {
	answer, err := http.Get("http://" + p.health + "/readyz")
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = answer.Body.Close() }()
	text, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text)
}

// value returns the sum of a metric's series whose text contains all labels.
func (p *webhookProcess) value(t *testing.T, name string, labels ...string) float64 {
	t.Helper()
	answer, err := http.Get("http://" + p.metric + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
series:
	for _, line := range regexp.MustCompile(`(?m)^`+name+`(\{.*\})? .*$`).FindAllString(string(text), -1) {
		for _, label := range labels {
			if !strings.Contains(line, label) {
				continue series
			}
		}
		value, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += value
	}
	return sum
}

// client trusts the process's authority and makes a connection per request.
func (p *webhookProcess) client() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: p.authority.pool, ServerName: "localhost"},
	}}
}

// signal sends a signal and returns the process's exit code once it has ended.
func (p *webhookProcess) end(t *testing.T) int {
	t.Helper()
	p.signal(t)
	return p.wait(t)
}

func (p *webhookProcess) signal(t *testing.T) {
	t.Helper()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

func (p *webhookProcess) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		t.Fatal("the webhook does not end")
	}
	return p.code
}

// watchNamespace makes a namespace whose requests, for all kinds, go through the
// webhook, and returns its name.
func watchNamespace(t *testing.T, cluster *envtest.Cluster, p *webhookProcess, name string) string {
	t.Helper()
	client := clientset(t, cluster.Config)
	url := "https://" + p.address + "/validate"
	fail, none := admissionregistrationv1.Fail, admissionregistrationv1.SideEffectClassNoneOnDryRun
	configuration := &admissionregistrationv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name:                    "validate.kubereeve.io",
			ClientConfig:            admissionregistrationv1.WebhookClientConfig{URL: &url, CABundle: p.authority.pem},
			AdmissionReviewVersions: []string{"v1"},
			FailurePolicy:           &fail,
			SideEffects:             &none,
			NamespaceSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": name}},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{"*"}, APIVersions: []string{"*"}, Resources: []string{"*/*"}},
			}},
		}},
	}
	configurations := client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	if _, err := configurations.Create(t.Context(), configuration, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := configurations.Delete(context.Background(), name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	if stdout, stderr, code := cluster.KubectlInput(t, namespaceManifest(name), "apply", "-f", "-"); code != 0 {
		t.Fatal(stdout, stderr)
	}
	// The API server takes a moment to heed a new configuration.
	eventually(t, "the webhook is asked", func() bool {
		_, _, code := cluster.KubectlInput(t, manifest(name, "probe", "securityContext: {privileged: true}"), "apply", "--dry-run=server", "-f", "-")
		return code != 0
	})
	return name
}

func namespaceManifest(name string) string {
	return "{apiVersion: v1, kind: Namespace, metadata: {name: " + name + ", labels: {shop: \"yes\"}}}\n---\n" +
		"{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: " + name + "}}\n"
}

// manifest returns a pod that no rule finds anything on, but for what more adds
// to its container.
func manifest(namespace, name string, more ...string) string {
	return `
apiVersion: v1
kind: Pod
metadata: {namespace: ` + namespace + `, name: ` + name + `}
` + podSpec("", more...)
}

func podSpec(indent string, more ...string) string {
	lines := []string{
		"spec:",
		"  automountServiceAccountToken: false",
		"  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}",
		"  containers:",
		"  - name: web",
		"    image: registry.example/web:1.2",
		"    resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 16Mi}}",
		"    readinessProbe: {tcpSocket: {port: 80}}",
	}
	if len(more) == 0 {
		more = []string{"securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}"}
	}
	for _, line := range more {
		lines = append(lines, "    "+line)
	}
	return indent + strings.Join(lines, "\n"+indent) + "\n"
}
