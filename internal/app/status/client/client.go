// Package client asks every replica of the webhook how it is and what it has seen
// lately, and the scanner when it has scanned. It finds them by the API server
// and reaches them by port-forwards, or at addresses it is given.
package client

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kubereeve/reeve/internal/app/status"
)

// The defaults of Options.
const (
	DefaultNamespace     = "reeve-system"
	DefaultConfiguration = "reeve"
	DefaultTimeout       = 15 * time.Second
)

// The bounds of what is done at a time and read of an answer.
const (
	maxParallel = 8
	maxAnswer   = 32 << 20 // bytes
)

// Options say whom to ask and how.
type Options struct {
	// Config reaches the API server. It may be nil when Addresses, TokenFile and
	// CAFile are given: then nothing else is needed.
	Config *rest.Config
	// Namespace is where Reeve runs.
	Namespace string
	// Configuration is the name of the ValidatingWebhookConfiguration.
	Configuration string
	// Addresses are URLs of replicas, as in https://10.0.0.7:8443, that are asked in
	// place of the pods that the API server knows.
	Addresses []string
	// ScannerAddresses are URLs of scanners' metrics ports, in the same way.
	ScannerAddresses []string
	// TokenFile holds the token to show; empty: one for the service account
	// reeve-status-reader is asked of the API server.
	TokenFile string
	// CAFile holds the certificates that the replicas are trusted by; empty: those
	// that the API server trusts the webhook by.
	CAFile string
	// ServerName is the name in the replicas' certificates; empty: that of the
	// webhook's Service, and with Addresses the host of each.
	ServerName string
	// Timeout bounds each question; 0 means DefaultTimeout.
	Timeout time.Duration
}

// Client asks. It is safe for concurrent use.
type Client struct {
	options    Options
	kubernetes kubernetes.Interface // nil without a cluster

	mu            sync.Mutex
	credentials   *credentials
	configuration *Configuration
}

// New returns a client. It fails when the options do not say enough to ask anybody.
func New(options Options) (*Client, error) {
	if options.Namespace == "" {
		options.Namespace = DefaultNamespace
	}
	if options.Configuration == "" {
		options.Configuration = DefaultConfiguration
	}
	if options.Timeout == 0 {
		options.Timeout = DefaultTimeout
	}
	for _, address := range append(append([]string{}, options.Addresses...), options.ScannerAddresses...) {
		if parsed, err := url.Parse(address); err != nil || parsed.Host == "" || parsed.Scheme != "https" && parsed.Scheme != "http" {
			return nil, fmt.Errorf("%q is not an address, as in https://10.0.0.7:8443", address)
		}
	}
	for _, address := range options.Addresses {
		if !strings.HasPrefix(address, "https://") {
			return nil, fmt.Errorf("%q: a token is shown over TLS only; write https://", address)
		}
	}
	c := &Client{options: options}
	if options.Config == nil {
		if len(options.Addresses) == 0 || options.TokenFile == "" || options.CAFile == "" {
			return nil, errors.New("without a cluster to ask, addresses, a token file and a file of certificates are needed")
		}
		return c, nil
	}
	config := rest.CopyConfig(options.Config)
	config.QPS = -1 // a handful of requests
	var err error
	c.kubernetes, err = kubernetes.NewForConfig(config)
	return c, err
}

// Answer is what one replica has said of itself, or why it has not.
type Answer struct {
	// Name is the pod's, or the address.
	Name string
	// State is nil when Err says why.
	State *status.State
	Err   error
	// Pod is what the API server says of the pod when it does not run; such a pod
	// is not asked.
	Pod string
}

// States asks every replica for its state. It fails when nobody knows which
// replicas there are.
func (c *Client) States(ctx context.Context) ([]Answer, error) {
	targets, err := c.targets(ctx, webhooks, c.options.Addresses)
	if err != nil {
		return nil, err
	}
	answers := make([]Answer, len(targets))
	each(targets, func(i int, t target) {
		answers[i] = Answer{Name: t.name, Pod: t.idle}
		if t.idle != "" {
			return
		}
		var state status.State
		if answers[i].Err = c.get(ctx, t, status.StatePath, &state); answers[i].Err == nil {
			answers[i].State = &state
		}
	})
	return answers, nil
}

// each does something to all targets, a few at a time.
func each(targets []target, do func(i int, t target)) {
	places := make(chan struct{}, maxParallel)
	var group sync.WaitGroup
	for i, t := range targets {
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			do(i, t)
		})
	}
	group.Wait()
}

// get asks a replica and reads its answer.
func (c *Client) get(ctx context.Context, t target, path string, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	credentials, err := c.login(ctx)
	if err != nil {
		return err
	}
	name := credentials.serverName
	if t.address != "" {
		name = c.options.ServerName // empty: the host of the address
	}
	text, err := c.fetch(ctx, t, path, credentials.token, &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: credentials.roots, ServerName: name})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("the answer cannot be read: %w", err)
	}
	return nil
}

// fetch makes a GET request to a target, through a port-forward when it is a pod.
func (c *Client) fetch(ctx context.Context, t target, path, token string, secured *tls.Config) ([]byte, error) {
	address := strings.TrimSuffix(t.address, "/")
	transport := &http.Transport{TLSClientConfig: secured, DisableKeepAlives: true}
	if address == "" {
		local, err := c.forward(ctx, t)
		if err != nil {
			return nil, fmt.Errorf("port-forward: %w", err)
		}
		address = t.scheme + "://" + t.name // for the name only: what is dialled is the way to the pod
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, local)
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+path, nil)
	if err != nil {
		return nil, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	switch {
	case t.address == "" && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)): // how the forward ends
		return nil, fmt.Errorf("nothing listens at port %d of the pod: %w", t.port, err)
	case err != nil:
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, fmt.Errorf("the answer cannot be read: %w", err)
	}
	return text, explain(response.StatusCode, text)
}

// explain says what an answer means that is not the one that was asked for.
func explain(code int, text []byte) error {
	said := fmt.Sprintf("status %d: %.200s", code, strings.TrimSpace(string(text)))
	switch code {
	case http.StatusOK:
		return nil
	case http.StatusUnauthorized, http.StatusInternalServerError:
		return fmt.Errorf("the token was not accepted, or the webhook could not ask the API server about it (%s)", said)
	case http.StatusForbidden:
		return fmt.Errorf("the account of the token may not read the status; bind it to the ClusterRole reeve-status-reader (%s)", said)
	}
	return errors.New(said)
}

// Namespace returns where Reeve is looked for.
func (c *Client) Namespace() string { return c.options.Namespace }
