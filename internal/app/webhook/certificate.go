package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
)

// certificateInterval is how often the files are read besides being watched: a
// watch follows links and so misses a volume of Kubernetes that turns to new files.
const certificateInterval = 2 * time.Second

// certificateRetry is how often a certificate is looked for that is missing.
const certificateRetry = time.Second

// certificateRecorder keeps when the serving certificate is valid.
type certificateRecorder interface {
	CertificateLoaded(notBefore, notAfter time.Time)
}

// certificates holds the serving certificate: read when it appears, and again
// whenever its files change. It runs as a Runnable of the manager.
type certificates struct {
	certificateFile, keyFile string
	recorder                 certificateRecorder
	log                      logr.Logger
	now                      func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
	problem error // why there is none
}

func newCertificates(certificateFile, keyFile string, recorder certificateRecorder, log logr.Logger) *certificates {
	return &certificates{
		certificateFile: certificateFile,
		keyFile:         keyFile,
		recorder:        recorder,
		log:             log,
		now:             time.Now,
		problem:         errors.New("the serving certificate is not loaded yet"),
	}
}

// Start waits for the certificate to appear and keeps it up to date until ctx
// ends.
func (c *certificates) Start(ctx context.Context) error {
	watcher := c.open(ctx)
	if watcher == nil {
		return nil // ctx has ended
	}
	// The callback runs with the watcher locked, and two of them may overtake each
	// other: so it only says that there is something to fetch.
	watcher.RegisterCallback(func(tls.Certificate) { go c.fetch(watcher) })
	for ctx.Err() == nil {
		err := watcher.WithWatchInterval(certificateInterval).Start(ctx)
		if err == nil || ctx.Err() != nil {
			continue
		}
		c.log.Error(err, "the certificate's files cannot be watched; reading them every few seconds")
		if err := watcher.ReadCertificate(); err != nil {
			c.log.Error(err, "the certificate cannot be read; the one read before stays")
		}
		wait(ctx, certificateInterval)
	}
	return nil
}

// NeedLeaderElection is false: every replica serves.
func (c *certificates) NeedLeaderElection() bool { return false }

// open returns a watcher once there is a certificate to watch, nil when ctx ends
// before.
func (c *certificates) open(ctx context.Context) *certwatcher.CertWatcher {
	for {
		watcher, err := certwatcher.New(c.certificateFile, c.keyFile)
		if err == nil {
			return watcher
		}
		c.fail(c.explain(err))
		if !wait(ctx, certificateRetry) {
			return nil
		}
	}
}

// explain says what is wrong with the files and how to mend it.
func (c *certificates) explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no serving certificate: %w; let cert-manager write it, or name its directory with --cert-dir", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the serving certificate cannot be read: %w", err)
	}
	return fmt.Errorf("the serving certificate in %s and %s is unusable: %w", c.certificateFile, c.keyFile, err)
}

// fail records why there is no certificate and logs it when it is news.
func (c *certificates) fail(problem error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.problem == nil || c.problem.Error() != problem.Error() {
		c.log.Error(problem, "not ready")
	}
	c.problem = problem
}

// fetch takes the certificate that the watcher has read last. One that is not
// valid is refused while the one before still is.
func (c *certificates) fetch(watcher *certwatcher.CertWatcher) {
	c.mu.Lock()
	defer c.mu.Unlock()
	certificate, err := watcher.GetCertificate(nil)
	if err != nil || certificate == c.current {
		return
	}
	if err := c.validate(certificate); err != nil {
		c.log.Error(err, "the serving certificate is refused", "file", c.certificateFile)
		if c.current != nil && c.validate(c.current) == nil {
			return
		}
	}
	leaf := certificate.Leaf
	c.recorder.CertificateLoaded(leaf.NotBefore, leaf.NotAfter)
	c.log.Info("serving certificate read", "file", c.certificateFile, "names", leaf.DNSNames, "notBefore", leaf.NotBefore, "notAfter", leaf.NotAfter)
	c.current, c.problem = certificate, nil
}

// validate says whether a certificate is good now.
func (c *certificates) validate(certificate *tls.Certificate) error {
	now := c.now()
	switch leaf := certificate.Leaf; {
	case now.After(leaf.NotAfter):
		return fmt.Errorf("the serving certificate expired on %s; renew it", leaf.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(leaf.NotBefore):
		return fmt.Errorf("the serving certificate is valid only from %s on; look at the clocks", leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	return nil
}

// ready says why there is no good certificate, or returns nil.
func (c *certificates) ready() error {
	_, err := c.get(nil)
	return err
}

// get returns the certificate for a TLS connection.
func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.problem != nil {
		return nil, c.problem
	}
	if err := c.validate(c.current); err != nil {
		return nil, err
	}
	return c.current, nil
}

// wait waits, and returns false when ctx ended meanwhile.
func wait(ctx context.Context, duration time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(duration):
		return true
	}
}
