package kube

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

// maxHealth is the longest answer that is read from a health endpoint, in bytes.
const maxHealth = 1 << 20

// Health returns what the API server says of itself at a path such as /readyz: a
// line of text per check, and whether all of them pass. An answer without checks
// that is not a success is an error, as package apierrors knows them; none is
// retried here.
func (c *Cluster) Health(ctx context.Context, path string) (text string, passed bool, err error) {
	address := c.client.Get().AbsPath(path).Param("verbose", "true").URL()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return "", false, fmt.Errorf("%s: %w", path, err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return "", false, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxHealth))
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return "", false, fmt.Errorf("%s: %w", path, err)
	}
	passed = response.StatusCode == http.StatusOK
	// A failed check makes an error of the answer, which is one all the same.
	if !passed && !bytes.HasPrefix(body, []byte("[+]")) && !bytes.HasPrefix(body, []byte("[-]")) {
		return "", false, healthError(path, response.StatusCode, body)
	}
	return string(body), passed, nil
}

// healthError returns what the server said instead of its health.
func healthError(path string, code int, body []byte) error {
	var status metav1.Status
	if err := json.Unmarshal(body, &status); err == nil && status.Status == metav1.StatusFailure {
		return &apierrors.StatusError{ErrStatus: status}
	}
	return apierrors.NewGenericServerResponse(code, "get", schema.GroupResource{}, path, "", 0, true)
}

// ServingCertificate returns the certificate that a server shows in a TLS
// handshake of its own: the server at address, as in host:port, or the API
// server itself when address is empty, which then is reached as it always is,
// through a proxy too. It returns nil for an API server without TLS. Where
// several servers share an address, it is the certificate of one of them.
func (c *Cluster) ServingCertificate(ctx context.Context, address string) (*x509.Certificate, error) {
	if address != "" {
		return handshake(ctx, address, &http.Transport{}, "")
	}
	server, _, err := rest.DefaultServerUrlFor(c.config)
	if err != nil {
		return nil, fmt.Errorf("address of the API server: %w", err)
	}
	if server.Scheme != "https" {
		return nil, nil
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: c.config.Dial}
	if c.config.Proxy != nil {
		transport.Proxy = c.config.Proxy
	}
	return handshake(ctx, server.Host, transport, c.config.ServerName)
}

// handshake asks a server for its certificate by its name, or by its address
// when the name is empty. Whether the certificate is good is for others to say:
// it is only looked at, even when it has expired, and no credentials are sent.
func handshake(ctx context.Context, address string, transport *http.Transport, name string) (*x509.Certificate, error) {
	transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true, ServerName: name} //nolint:gosec // see above
	transport.DisableKeepAlives = true                                                  // an old connection would show an old certificate
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, "https://"+address, nil)
	if err != nil {
		return nil, fmt.Errorf("certificate of %s: %w", address, err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, fmt.Errorf("certificate of %s: %w", address, err)
	}
	if err := response.Body.Close(); err != nil {
		return nil, fmt.Errorf("certificate of %s: %w", address, err)
	}
	return response.TLS.PeerCertificates[0], nil
}
