package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// waiter polls until a step is done, and on failure shows the log of the
// process that was to do it.
type waiter struct {
	state  *state
	client *http.Client // speaks as admin and trusts the cluster's authority
}

func newWaiter(s *state) (*waiter, error) {
	caPEM, err := os.ReadFile(s.pki().crt("ca"))
	if err != nil {
		return nil, err
	}
	admin, err := tls.LoadX509KeyPair(s.pki().crt("admin"), s.pki().key("admin"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(caPEM)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{admin}},
		// Never through a proxy of the environment: everything is local.
		Proxy: nil,
	}
	return &waiter{state: s, client: &http.Client{Transport: transport, Timeout: 5 * time.Second}}, nil
}

// wait calls check until it returns nil. culprit is the process whose log
// explains a timeout; the death of any process ends the wait early.
func (w *waiter) wait(ctx context.Context, what, culprit string, timeout time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		if name := w.firstDead(); name != "" {
			return w.failure(fmt.Errorf("%s ended while waiting for %s", name, what), name)
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return fmt.Errorf("interrupted while waiting for %s", what)
			}
			return w.failure(fmt.Errorf("no %s after %s: %w", what, timeout, err), culprit)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// firstDead names the first process, in start order, that was started and has
// ended: when etcd fails, the API server follows, but etcd's log has the cause.
func (w *waiter) firstDead() string {
	procs, err := w.state.processes()
	if err != nil {
		return ""
	}
	for _, name := range processNames(w.state.Tier) {
		if id, started := procs[name]; started && !id.alive() {
			return name
		}
	}
	return ""
}

func (w *waiter) failure(err error, culprit string) error {
	file := w.state.logFile(culprit)
	return fmt.Errorf("%w\nlast lines of %s:\n%s", err, file, tail(file, 20))
}

// get fetches a path of the API server into out, which may be nil.
func (w *waiter) get(ctx context.Context, path string, out any) error {
	return fetch(ctx, w.client, w.state.apiURL()+path, out)
}

// healthy asks a component's own health endpoint. Its certificate is not
// checked: controller manager and scheduler sign their own at every start.
func (w *waiter) healthy(scheme, port string) func(context.Context) error {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		DisableKeepAlives: true,
	}}
	url := fmt.Sprintf("%s://127.0.0.1:%d/healthz", scheme, w.state.Ports[port])
	return func(ctx context.Context) error { return fetch(ctx, client, url, nil) }
}

func fetch(ctx context.Context, client *http.Client, url string, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s: %s", url, resp.Status, strings.TrimSpace(string(body)))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(body, out)
}

// nodeReady checks the condition Ready of the one real node.
func (w *waiter) nodeReady(ctx context.Context) error {
	var node struct {
		Status struct {
			Conditions []struct{ Type, Status, Message string }
		}
	}
	if err := w.get(ctx, "/api/v1/nodes/"+w.state.nodeName(), &node); err != nil {
		return err
	}
	for _, c := range node.Status.Conditions {
		if c.Type == "Ready" && c.Status == "True" {
			return nil
		}
		if c.Type == "Ready" {
			return fmt.Errorf("node %s is not ready: %s", w.state.nodeName(), c.Message)
		}
	}
	return fmt.Errorf("node %s has no Ready condition", w.state.nodeName())
}

// tail returns the last n lines of a file.
func tail(file string, n int) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return "  (" + err.Error() + ")"
	}
	text := strings.TrimSpace(string(data))
	if text == "" {
		return "  (empty)"
	}
	lines := strings.Split(text, "\n")
	lines = lines[max(0, len(lines)-n):]
	return "  " + strings.Join(lines, "\n  ")
}
