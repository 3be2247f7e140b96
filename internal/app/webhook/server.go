package webhook

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/kubereeve/reeve/internal/admission"
	"github.com/kubereeve/reeve/internal/app/exception"
	"github.com/kubereeve/reeve/internal/app/status"
	"github.com/kubereeve/reeve/internal/app/webhook/selfcheck"
	"github.com/kubereeve/reeve/internal/sink/recent"
)

// path is where the API server sends its reviews.
const path = "/validate"

// drainMargin is how much longer than the deadline of one request the requests
// that have begun, and connections that stay open, may hold up the end of the
// process.
const drainMargin = 10 * time.Second

// portTimeout bounds the same for the ports of metrics and health.
const portTimeout = time.Second

// How often the webhook checks itself, how soon again when that has failed, and
// how much longer than the deadline of a request it waits for an answer.
const (
	selfCheckInterval = time.Minute
	selfCheckRetry    = 5 * time.Second
	selfCheckMargin   = 5 * time.Second
)

// server is everything that listens.
type server struct {
	options      Options
	log          logr.Logger
	registry     *prometheus.Registry
	namespaces   *namespaces
	inventory    *inventory
	followers    []manager.Runnable // that keep the rules up to date
	coverage     *coverage
	exceptions   *exception.Watcher
	certificates *certificates
	endpoint     *admission.Endpoint
	state        *status.Registry
	recent       *recent.Ring
	recorder     recorder
}

// serve listens until ctx ends and the drain that follows is over.
func (s *server) serve(ctx context.Context, config *rest.Config) error {
	host, port, err := splitAddress(s.options.Listen)
	if err != nil {
		return err
	}
	reviews := webhook.NewServer(webhook.Options{Host: host, Port: port, TLSOpts: []func(*tls.Config){s.secure}})
	patience := s.options.Deadline + drainMargin
	m, err := manager.New(config, manager.Options{
		Logger:                  s.log,
		WebhookServer:           reviews,
		Metrics:                 metricsserver.Options{BindAddress: "0"}, // served below, with our own
		GracefulShutdownTimeout: &patience,
		Cache: cache.Options{
			DefaultTransform:         cache.TransformStripManagedFields(),
			DefaultWatchErrorHandler: s.watchFailed,
		},
	})
	if err != nil {
		return fmt.Errorf("manager: %w", err)
	}
	s.namespaces.cache = m.GetCache()
	s.coverage.mapper = m.GetRESTMapper()
	s.inventory.cache, s.inventory.mapper = m.GetCache(), m.GetRESTMapper()
	checker := s.newSelfCheck(reviews)
	health := newHealth(s.log, s.certificates.ready, s.namespaces.ready, s.inventory.ready, s.exceptions.Ready, started(reviews), checker.Ready)
	health.degraded = s.exceptions.Degraded
	s.state.SetReady(health.ready)
	if err := s.addPorts(m, health); err != nil {
		return err
	}
	if err := s.addStatus(m, config); err != nil {
		return err
	}
	m.GetWebhookServer().Register(path, s.endpoint) // which adds it to the manager
	for _, runnable := range append(s.followers, s.certificates, s.namespaces, s.inventory, s.exceptions, checker) {
		if err := m.Add(runnable); err != nil {
			return fmt.Errorf("manager: %w", err)
		}
	}
	return s.run(ctx, m, health)
}

// started returns the check that the port of the reviews is open.
func started(reviews webhook.Server) func() error {
	return func() error { return reviews.StartedChecker()(nil) }
}

// newSelfCheck returns the check that the webhook makes of itself.
func (s *server) newSelfCheck(reviews webhook.Server) *selfcheck.Checker {
	return selfcheck.New(selfcheck.Options{
		Address:     s.options.Listen,
		Path:        path,
		Certificate: s.certificates.get,
		Serving: func() error {
			if err := s.certificates.ready(); err != nil {
				return err
			}
			return started(reviews)()
		},
		Interval: selfCheckInterval,
		Retry:    selfCheckRetry,
		Timeout:  s.options.Deadline + selfCheckMargin,
		Recorder: s.recorder,
		Report:   s.state.SetSelfCheck,
		Log:      s.log.WithName("self-check"),
	})
}

// watchFailed passes on why an informer's watch has ended. Namespaces are the one
// kind of which the metadata is watched.
func (s *server) watchFailed(_ context.Context, reflector *toolscache.Reflector, err error) {
	description := reflector.TypeDescription()
	if strings.Contains(description, "PartialObjectMetadata") {
		s.namespaces.watchFailed(err)
		return
	}
	s.inventory.watchFailed(description, err)
}

// run runs the manager until ctx has ended and what is under way is done.
func (s *server) run(ctx context.Context, m manager.Manager, health *health) error {
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go func() {
		select {
		case <-ctx.Done():
		case <-serving.Done():
			return
		}
		health.drain()
		s.log.Info("draining: not ready any more, still serving", "for", s.options.DrainDelay.String())
		wait(serving, s.options.DrainDelay)
		stop()
	}()
	if err := m.Start(serving); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// secure sets up TLS: version 1.2 or later, with the certificate of the moment.
func (s *server) secure(config *tls.Config) {
	config.MinVersion = tls.VersionTLS12
	config.NextProtos = []string{"h2", "http/1.1"}
	config.GetCertificate = s.certificates.get
}

// addPorts adds the ports of metrics and health to the manager. They carry
// nothing but numbers and the state of the process.
func (s *server) addPorts(m manager.Manager, health http.Handler) error {
	metrics := http.NewServeMux()
	metrics.Handle("/metrics", promhttp.HandlerFor(prometheus.Gatherers{s.registry, ctrlmetrics.Registry}, promhttp.HandlerOpts{}))
	for _, port := range []struct {
		flag, address string
		handler       http.Handler
	}{{"--metrics-listen", s.options.MetricsListen, metrics}, {"--health-listen", s.options.HealthListen, health}} {
		if port.address == "" {
			continue
		}
		listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", port.address)
		if err != nil {
			return fmt.Errorf("%s: %w", port.flag, err)
		}
		s.log.Info("listening", "flag", port.flag, "address", listener.Addr().String())
		patience := portTimeout
		if err := m.Add(&manager.Server{
			Name:            port.flag[len("--"):],
			Server:          &http.Server{Handler: port.handler, ReadHeaderTimeout: 10 * time.Second},
			Listener:        listener,
			ShutdownTimeout: &patience,
		}); err != nil {
			return fmt.Errorf("manager: %w", err)
		}
	}
	return nil
}
