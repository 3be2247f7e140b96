package kube_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"github.com/kubereeve/reeve/internal/kube"
)

func newCluster(t *testing.T, config *rest.Config) *kube.Cluster {
	t.Helper()
	cluster, err := kube.NewCluster(config)
	if err != nil {
		t.Fatal(err)
	}
	return cluster
}

func TestHealthIsAnAnswerEvenWhenACheckFails(t *testing.T) {
	const status = `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"you may not","reason":"Forbidden","code":403}`
	for _, test := range []struct {
		name   string
		code   int
		body   string
		passed bool
		failed func(error) bool // nil for no error
	}{
		{name: "passed", code: 200, body: "[+]ping ok\nreadyz check passed\n", passed: true},
		{name: "passed without checks", code: 200, body: "ok", passed: true},
		{name: "failed", code: 500, body: "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n"},
		{name: "failed at the first", code: 500, body: "[-]ping failed: reason withheld\nreadyz check failed\n"},
		{name: "forbidden", code: 403, body: status, failed: apierrors.IsForbidden},
		{name: "forbidden in plain words", code: 403, body: "no", failed: apierrors.IsForbidden},
		{name: "unknown", code: 404, body: "404 page not found", failed: apierrors.IsNotFound},
		{name: "no answer of the server's own", code: 502, body: "bad gateway", failed: func(err error) bool { return err != nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/readyz" || !r.URL.Query().Has("verbose") {
					t.Errorf("asked for %s", r.URL)
				}
				w.WriteHeader(test.code)
				_, _ = w.Write([]byte(test.body))
			}))
			defer server.Close()
			text, passed, err := newCluster(t, &rest.Config{Host: server.URL}).Health(t.Context(), "/readyz")
			if test.failed != nil {
				if !test.failed(err) {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil || passed != test.passed || text != test.body {
				t.Errorf("got %q, passed %t, error %v", text, passed, err)
			}
		})
	}
}

func TestServingCertificateIsThatOfAHandshakeWithoutCredentials(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("credentials were sent to a server that nobody has verified")
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "https://")
	for name, test := range map[string]struct{ host, address string }{
		"of the API server": {server.URL, ""}, "of another server": {"https://192.0.2.1", address},
	} {
		t.Run(name, func(t *testing.T) {
			// The certificate is not trusted by anybody.
			cluster := newCluster(t, &rest.Config{Host: test.host, BearerToken: "secret"})
			certificate, err := cluster.ServingCertificate(t.Context(), test.address)
			if err != nil || !certificate.Equal(server.Certificate()) {
				t.Errorf("got %v, error %v", certificate, err)
			}
		})
	}
}

func TestServingCertificateGoesThroughTheProxy(t *testing.T) {
	var asked atomic.Value
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Method + " " + r.Host)
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	address, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	cluster := newCluster(t, &rest.Config{Host: "https://api.example.com:6443", Proxy: http.ProxyURL(address)})
	if _, err := cluster.ServingCertificate(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "api.example.com:6443") {
		t.Errorf("error %v, want one that names the server", err)
	}
	if got := asked.Load(); got != "CONNECT api.example.com:6443" {
		t.Errorf("the proxy was asked to %v", got)
	}
}

func TestServingCertificateOfAServerWithoutTLS(t *testing.T) {
	certificate, err := newCluster(t, &rest.Config{Host: "http://127.0.0.1:8080"}).ServingCertificate(t.Context(), "")
	if certificate != nil || err != nil {
		t.Errorf("got %v, error %v", certificate, err)
	}
}
