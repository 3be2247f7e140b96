package webhook

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/go-logr/logr"
)

// health answers /healthz and /readyz. /healthz says that the process is alive,
// /readyz that requests are welcome, or why they are not.
type health struct {
	*http.ServeMux
	checks   []func() error
	degraded func() error // what is not as it should be while requests are welcome; nil for nothing ever
	draining atomic.Bool
	wasReady atomic.Bool
	log      logr.Logger
}

// newHealth returns the answers; the webhook is ready when no check has an
// error.
func newHealth(log logr.Logger, checks ...func() error) *health {
	h := &health{ServeMux: http.NewServeMux(), checks: checks, log: log}
	h.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { writeText(w, "ok") })
	h.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		err := h.ready()
		h.logChange(err)
		if err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			writeText(w, "not ready: "+err.Error())
			return
		}
		writeText(w, "ok")
		if h.degraded == nil {
			return
		}
		if err := h.degraded(); err != nil {
			writeText(w, "degraded: "+err.Error())
		}
	})
	return h
}

// logChange logs when the webhook becomes ready, or stops being ready.
func (h *health) logChange(err error) {
	if isReady := err == nil; h.wasReady.Swap(isReady) == isReady {
		return
	}
	if err != nil {
		h.log.Info("not ready any more", "reason", err.Error())
		return
	}
	h.log.Info("ready")
}

// drain makes the webhook not ready for good.
func (h *health) drain() { h.draining.Store(true) }

// ready returns the first reason not to send requests.
func (h *health) ready() error {
	if h.draining.Load() {
		return errors.New("shutting down")
	}
	for _, check := range h.checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func writeText(w io.Writer, text string) {
	_, _ = io.WriteString(w, text+"\n") // whoever asked has gone
}
