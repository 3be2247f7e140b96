package exceptions_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"k8s.io/client-go/transport"
)

var errCut = errors.New("the connection is cut")

// cutter cuts a client off from the API server while cut is set: requests fail,
// and streams that were open end.
func cutter(cut *atomic.Bool) transport.WrapperFunc {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(request *http.Request) (*http.Response, error) {
			if cut.Load() {
				return nil, errCut
			}
			ctx, cancel := context.WithCancelCause(request.Context())
			go func() {
				for ctx.Err() == nil && !cut.Load() {
					select {
					case <-ctx.Done():
					case <-time.After(10 * time.Millisecond):
					}
				}
				cancel(errCut)
			}()
			return next.RoundTrip(request.WithContext(ctx))
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }
