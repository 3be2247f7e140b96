package selfcheck

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/kubereeve/reeve/internal/app/status"
)

// The results of a check, as metrics name them.
const (
	Success = "success"
	Failure = "failure"
	Busy    = "busy" // refused for want of a free place: says nothing either way
)

// tolerated is how many checks in a row may fail before the webhook is not ready.
const tolerated = 1

// startup is how often to look whether the webhook serves already.
const startup = 200 * time.Millisecond

// Recorder counts checks.
type Recorder interface {
	// SelfChecked counts a check, by one of the result constants.
	SelfChecked(result string, at time.Time)
}

// Options configure a checker.
type Options struct {
	// Address is the webhook's own host:port, and Path where it judges.
	Address, Path string
	// Certificate is what the webhook serves at the moment. An answer with another
	// one does not count: somebody else listens there.
	Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Serving says why the webhook cannot serve yet. While it does, there is
	// nothing to check.
	Serving func() error
	// Interval is the time between checks, Retry the one after a check that did
	// not pass, and Timeout bounds one canary.
	Interval, Retry, Timeout time.Duration
	Recorder                 Recorder
	// Report takes the state after each check.
	Report func(status.SelfCheck)
	Log    logr.Logger
}

// Checker checks the webhook. It runs as a Runnable of the manager.
type Checker struct {
	Options
	client *http.Client

	mu    sync.Mutex
	state status.SelfCheck
}

// New returns a checker.
func New(options Options) *Checker {
	c := &Checker{Options: options}
	c.client = &http.Client{
		Timeout: options.Timeout,
		Transport: &http.Transport{
			DialContext:       c.dial,
			DisableKeepAlives: true, // each check makes a handshake, too
			ForceAttemptHTTP2: true, // as the API server does
			TLSClientConfig: &tls.Config{
				MinVersion:         tls.VersionTLS12,
				InsecureSkipVerify: true, //nolint:gosec // the very certificate is compared, which is stricter
				VerifyConnection:   c.verify,
			},
		},
	}
	return c
}

// dial connects to the webhook's address; one without a host is reached on the
// loopback interface of either family.
func (c *Checker) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(c.Address)
	if err != nil {
		return nil, err
	}
	hosts := []string{host}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		hosts = []string{"127.0.0.1", "::1"}
	}
	var errs []error
	for _, host := range hosts {
		connection, err := new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(host, port))
		if err == nil {
			return connection, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// verify refuses a connection whose certificate is not the webhook's own.
func (c *Checker) verify(connection tls.ConnectionState) error {
	own, err := c.Certificate(nil)
	if err != nil {
		return err
	}
	if !bytes.Equal(connection.PeerCertificates[0].Raw, own.Certificate[0]) {
		return errors.New("the certificate that is served is not the one in the certificate's directory")
	}
	return nil
}

// Start checks at once and then at every interval, until ctx ends. It never
// fails.
func (c *Checker) Start(ctx context.Context) error {
	for ctx.Err() == nil {
		pause := startup
		if c.Serving() == nil {
			pause = c.Retry
			if c.Check(ctx) == Success {
				pause = c.Interval
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	return nil
}

// NeedLeaderElection is false: every replica checks itself.
func (c *Checker) NeedLeaderElection() bool { return false }

// Check sends both canaries and returns the result, which it also records. It
// records nothing when ctx ends meanwhile.
func (c *Checker) Check(ctx context.Context) string {
	nonce := rand.Text()
	err := c.ask(ctx, mustDeny, nonce+"-d")
	if err == nil {
		err = c.ask(ctx, mustPass, nonce+"-p")
	}
	if ctx.Err() != nil {
		return Failure
	}
	now := time.Now()
	result := Success
	c.mu.Lock()
	before := c.state
	switch {
	case err == nil:
		c.state = status.SelfCheck{LastSuccess: now}
	case errors.Is(err, errBusy):
		result = Busy
	default:
		result = Failure
		c.state.Failures++
		c.state.Problem = err.Error()
	}
	state := c.state
	c.mu.Unlock()
	c.Recorder.SelfChecked(result, now)
	c.Report(state)
	switch {
	case result == Failure:
		c.Log.Error(err, "the self-check has failed", "inARow", state.Failures)
	case result == Success && before.Failures > 0:
		c.Log.Info("the self-check passes again", "failed", before.Failures)
	}
	return result
}

// Ready says why requests are better sent elsewhere: no check has passed yet, or
// several in a row have failed.
func (c *Checker) Ready() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.state.Failures > tolerated, c.state.Failures > 0 && c.state.LastSuccess.IsZero():
		return fmt.Errorf("the self-check has failed %d times in a row: %s", c.state.Failures, c.state.Problem)
	case c.state.LastSuccess.IsZero():
		return errors.New("the first self-check has not passed yet")
	}
	return nil
}
