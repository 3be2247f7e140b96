package scanner

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// leaseName is the name of the lease that the leading replica holds.
const leaseName = "reeve-scanner"

// shutdownTimeout bounds how long connections to the ports may hold up the end
// of the process.
const shutdownTimeout = 5 * time.Second

// serve runs the runnables, those that want to lead while this replica does, and
// the ports all the time. The lease is given back when ctx ends, so that another
// replica can go on at once.
func serve(ctx context.Context, options Options, config *rest.Config, runnables []manager.Runnable, registry *prometheus.Registry, log logr.Logger) error {
	m, err := manager.New(config, manager.Options{
		Logger:                        log,
		Metrics:                       metricsserver.Options{BindAddress: "0"}, // served below, with our own
		LeaderElection:                options.LeaderElect,
		LeaderElectionID:              leaseName,
		LeaderElectionNamespace:       options.LeaderElectNamespace,
		LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		return fmt.Errorf("manager: %w", err)
	}
	metrics := http.NewServeMux()
	metrics.Handle("/metrics", promhttp.HandlerFor(prometheus.Gatherers{registry, ctrlmetrics.Registry}, promhttp.HandlerOpts{}))
	// Rules are compiled before anything listens, so alive is ready.
	health := http.NewServeMux()
	health.HandleFunc("/healthz", ok)
	health.HandleFunc("/readyz", ok)
	for _, port := range []struct {
		flag, address string
		handler       http.Handler
	}{{"--metrics-listen", options.MetricsListen, metrics}, {"--health-listen", options.HealthListen, health}} {
		if port.address == "" {
			continue
		}
		if err := listen(ctx, m, port.flag, port.address, port.handler); err != nil {
			return err
		}
	}
	for _, runnable := range runnables {
		if err := m.Add(runnable); err != nil {
			return fmt.Errorf("manager: %w", err)
		}
	}
	if err := m.Start(ctx); err != nil {
		return err
	}
	log.Info("scanner ended")
	return nil
}

// listen adds a port to the manager, which logs its address.
func listen(ctx context.Context, m manager.Manager, flag, address string, handler http.Handler) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	timeout := shutdownTimeout
	return m.Add(&manager.Server{
		Name:            flag[2:],
		Server:          &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second},
		Listener:        listener,
		ShutdownTimeout: &timeout,
	})
}

func ok(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, "ok\n") // whoever asked has gone
}
