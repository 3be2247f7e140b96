package webhook

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"

	"github.com/kubereeve/reeve/internal/app/status"
)

// statusTimeout bounds one request for the status, from its first byte on.
const statusTimeout = 30 * time.Second

// addStatus adds the port of the state and of recent admissions to the manager.
// The API server authenticates whoever asks, by token, and says who may.
func (s *server) addStatus(m manager.Manager, config *rest.Config) error {
	if s.options.StatusListen == "" {
		return nil
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return fmt.Errorf("--status-listen: %w", err)
	}
	filter, err := filters.WithAuthenticationAndAuthorization(config, client)
	if err != nil {
		return fmt.Errorf("--status-listen: %w", err)
	}
	handler, err := filter(s.log.WithName("status"), status.NewHandler(s.state, s.recent))
	if err != nil {
		return fmt.Errorf("--status-listen: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", s.options.StatusListen)
	if err != nil {
		return fmt.Errorf("--status-listen: %w", err)
	}
	s.log.Info("listening", "flag", "--status-listen", "address", listener.Addr().String())
	secured := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: s.certificates.get}
	patience := portTimeout
	return m.Add(&manager.Server{
		Name: "status",
		Server: &http.Server{
			Handler:           status.Protect(handler),
			ReadHeaderTimeout: 10 * time.Second,
			ReadTimeout:       statusTimeout,
			WriteTimeout:      statusTimeout,
			IdleTimeout:       statusTimeout,
			MaxHeaderBytes:    32 << 10,
		},
		Listener:        tls.NewListener(listener, secured),
		ShutdownTimeout: &patience,
	})
}
