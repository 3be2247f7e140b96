package status

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/kubereeve/reeve/internal/sink/recent"
)

// The paths that are served. They are the nonResourceURLs of RBAC, too.
const (
	StatePath  = "/v1/state"
	RecentPath = "/v1/recent"
)

// maxInFlight is how many requests are worked on at a time, those that are not
// authenticated yet included: each of them asks the API server.
const maxInFlight = 8

// Recent is what RecentPath answers.
type Recent struct {
	Replica string `json:"replica"`
	recent.Page
}

// NewHandler returns what serves a replica's state and its recent admissions as
// JSON. It does not ask who wants to know; what stands before it must.
func NewHandler(registry *Registry, ring *recent.Ring) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+StatePath, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, registry.State())
	})
	mux.HandleFunc("GET "+RecentPath, func(w http.ResponseWriter, r *http.Request) {
		query, err := readQuery(r, time.Now())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer(w, Recent{Replica: registry.State().Replica, Page: ring.Read(query)})
	})
	return mux
}

// readQuery reads the parameters rule, since and limit.
func readQuery(r *http.Request, now time.Time) (recent.Query, error) {
	values := r.URL.Query()
	query := recent.Query{Rule: values.Get("rule")}
	var errs []error
	if text := values.Get("since"); text != "" {
		since, err := readSince(text, now)
		query.Since = since
		errs = append(errs, err)
	}
	if text := values.Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil {
			err = fmt.Errorf("limit: %q is not a number", text)
		}
		query.Limit = limit
		errs = append(errs, err)
	}
	for name := range values {
		if name != "rule" && name != "since" && name != "limit" {
			errs = append(errs, fmt.Errorf("there is no parameter %q; use rule, since and limit", name))
		}
	}
	return query, errors.Join(append(errs, query.Validate())...)
}

// readSince reads a time, or how long ago it was.
func readSince(text string, now time.Time) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	ago, err := time.ParseDuration(text)
	if err != nil || ago < 0 {
		return time.Time{}, fmt.Errorf("since: %q is neither a time, as in 2026-01-02T15:04:05Z, nor a duration, as in 24h", text)
	}
	return now.Add(-ago), nil
}

// answer writes a value as JSON.
func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(value) // whoever asked has gone
}

// Protect bounds how many requests are worked on at a time. It stands before
// authentication.
func Protect(handler http.Handler) http.Handler {
	places := semaphore.NewWeighted(maxInFlight)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !places.TryAcquire(1) {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "too many requests for the status at a time; try again", http.StatusTooManyRequests)
			return
		}
		defer places.Release(1)
		handler.ServeHTTP(w, r)
	})
}
