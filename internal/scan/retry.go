package scan

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
)

// The waits between two attempts: from the first, doubled each time, up to the
// longest; half of each is random, so that many clients do not come at once. A
// server that asks for more time gets it, within bounds. An attempt that takes
// longer than its timeout counts as failed.
const (
	firstWait      = 500 * time.Millisecond
	longestWait    = 30 * time.Second
	longestAsked   = 2 * time.Minute
	attemptTimeout = 90 * time.Second
)

// retry repeats requests that may succeed later.
type retry struct {
	attempts int
	log      logr.Logger
}

// do calls request until it succeeds, fails for good, has been tried often
// enough, or ctx ends. It returns the last error.
func (r retry) do(ctx context.Context, what string, request func(context.Context) error) error {
	for attempt := 1; ; attempt++ {
		err := r.try(ctx, request)
		if err == nil || ctx.Err() != nil || !passing(err) {
			return err
		}
		if attempt >= r.attempts {
			return fmt.Errorf("tried %d times: %w", attempt, err)
		}
		delay := pause(attempt, err)
		r.log.Info("the API server did not answer well; trying again", "request", what, "attempt", attempt, "wait", delay.String(), "error", err.Error())
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r retry) try(ctx context.Context, request func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	return request(ctx)
}

// pause returns how long to wait after the given attempt: as long as the server
// asks for, if it does.
func pause(attempt int, err error) time.Duration {
	if seconds, ok := apierrors.SuggestsClientDelay(err); ok && seconds > 0 {
		return wait.Jitter(min(time.Duration(seconds)*time.Second, longestAsked), 0.1)
	}
	return wait.Jitter(min(firstWait<<(attempt-1), longestWait)/2, 1)
}

// passing tells whether an error may pass: the server is busy or failing, or
// does not answer at all. Whatever else it says is its answer.
func passing(err error) bool {
	if errors.Is(err, errMalformed) {
		return false
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return true
	}
	code := status.Status().Code
	return code == http.StatusTooManyRequests || code == http.StatusRequestTimeout ||
		code >= http.StatusInternalServerError && code != http.StatusNotImplemented
}
