package admission

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// MaxBodyBytes bounds one admission request. The API server takes objects of up
// to 3 MiB, and an update carries two of them.
const MaxBodyBytes = 7 << 20

// unitBytes is how much of a body counts as one request: large bodies count as
// several, because they take memory and time like several.
const unitBytes = 256 << 10

// EndpointOptions configure an endpoint.
type EndpointOptions struct {
	// Deadline bounds one request from its arrival to its answer, when the API
	// server does not want the answer earlier still.
	Deadline time.Duration
	// MaxConcurrent is how many requests are judged at a time, at least one.
	MaxConcurrent int
	Recorder      Recorder
	Log           logr.Logger
}

// Endpoint is the HTTP side of the door. It reads AdmissionReviews of
// admission.k8s.io/v1, and bounds their size, number and time. What it cannot
// answer with an AdmissionReview is an HTTP error, so that the failurePolicy of
// the webhook's configuration decides. It is safe for concurrent use.
//
// It stands in the place of controller-runtime's own HTTP side, which takes 230 µs
// to decode the review of a typical pod, ten times as long as this one, and
// neither counts nor bounds what it refuses.
type Endpoint struct {
	EndpointOptions
	handler admission.Handler
	units   int64
	slots   *semaphore.Weighted
	// noise bounds the log of refused requests: anyone who reaches the port can
	// cause them.
	noise rate.Sometimes
}

// NewEndpoint returns an endpoint before a handler.
func NewEndpoint(handler admission.Handler, options EndpointOptions) *Endpoint {
	units := int64(max(options.MaxConcurrent, 1))
	return &Endpoint{
		EndpointOptions: options,
		handler:         handler,
		units:           units,
		slots:           semaphore.NewWeighted(units),
		noise:           rate.Sometimes{First: 10, Interval: time.Second},
	}
}

// refusal is a request that is answered with an HTTP error.
type refusal struct {
	status  int
	reason  string // one of the Refused constants
	message string
}

// Error returns what the sender is told.
func (r *refusal) Error() string { return r.message }

// ServeHTTP answers one AdmissionReview.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := e.serve(w, r)
	if err != nil {
		discard(w, r, time.Now().Add(e.Deadline))
		e.refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	if _, err := w.Write(answer); err != nil { //nolint:gosec // JSON for the API server, not a page for a browser
		e.noise.Do(func() { e.Log.Info("an answer could not be sent", "reason", err.Error()) })
	}
}

// serve returns the AdmissionReview that answers a request.
func (e *Endpoint) serve(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	deadline := time.Now().Add(e.deadline(r))
	// The server cancels its requests when it shuts down; those that have begun
	// are to be answered all the same.
	ctx, cancel := context.WithDeadline(context.WithoutCancel(r.Context()), deadline)
	defer cancel()
	if err := check(r); err != nil {
		return nil, err
	}
	units, err := e.enter(ctx, r.ContentLength)
	if err != nil {
		return nil, err
	}
	defer e.slots.Release(units)
	request, err := readReview(w, r, deadline)
	if err != nil {
		return nil, err
	}
	response := e.handler.Handle(ctx, request)
	if err := response.Complete(request); err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	if code := response.Result.Code; code >= http.StatusInternalServerError {
		return nil, &refusal{status: int(code), message: response.Result.Message}
	}
	return encodeReview(&response.AdmissionResponse)
}

// statusReasons are the API's words for the HTTP errors.
var statusReasons = map[int]metav1.StatusReason{
	http.StatusBadRequest:            metav1.StatusReasonBadRequest,
	http.StatusMethodNotAllowed:      metav1.StatusReasonMethodNotAllowed,
	http.StatusUnsupportedMediaType:  metav1.StatusReasonUnsupportedMediaType,
	http.StatusRequestEntityTooLarge: metav1.StatusReasonRequestEntityTooLarge,
	http.StatusServiceUnavailable:    metav1.StatusReasonServiceUnavailable,
	http.StatusInternalServerError:   metav1.StatusReasonInternalError,
}

// refuse answers with an HTTP error. The API server shows its message to the
// user, or in its own log when the failurePolicy is Ignore.
func (e *Endpoint) refuse(w http.ResponseWriter, err error) {
	cause, ok := errors.AsType[*refusal](err)
	if !ok {
		cause = &refusal{status: http.StatusInternalServerError, message: err.Error()}
	}
	if cause.reason != "" { // otherwise the handler has counted it
		e.Recorder.Refused(cause.reason)
	}
	e.noise.Do(func() {
		e.Log.Info("refused a request unjudged", "status", cause.status, "reason", cause.reason, "message", cause.message)
	})
	// Of a plain text the API server would pass on what comes with status 500 only.
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(cause.status)
	_ = json.NewEncoder(w).Encode(metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure,
		Code:     int32(cause.status),
		Reason:   statusReasons[cause.status],
		Message:  cause.message,
	}) // whoever asked has gone when that fails
}

// deadline returns how long a request may take: what the API server waits, less
// a margin for the way back, and no more than the endpoint's own bound.
func (e *Endpoint) deadline(r *http.Request) time.Duration {
	wanted, err := time.ParseDuration(r.URL.Query().Get("timeout"))
	if err != nil || wanted <= 0 {
		return e.Deadline
	}
	margin := min(max(wanted/10, 50*time.Millisecond), 500*time.Millisecond, wanted/2)
	return min(wanted-margin, e.Deadline)
}

// check refuses what is no AdmissionReview by its head.
func check(r *http.Request) error {
	if r.Method != http.MethodPost {
		return &refusal{http.StatusMethodNotAllowed, RefusedMalformed, "send an AdmissionReview with POST"}
	}
	if content := r.Header.Get("Content-Type"); content != "application/json" {
		if media, _, err := mime.ParseMediaType(content); err != nil || media != "application/json" {
			return &refusal{http.StatusUnsupportedMediaType, RefusedMalformed, "Content-Type must be application/json"}
		}
	}
	if r.ContentLength > MaxBodyBytes {
		return tooLarge(fmt.Sprintf("the AdmissionReview has %d bytes", r.ContentLength))
	}
	return nil
}

func tooLarge(what string) error {
	return &refusal{http.StatusRequestEntityTooLarge, RefusedTooLarge,
		fmt.Sprintf("%s; Reeve judges objects in reviews of at most %d bytes", what, MaxBodyBytes)}
}

// enter waits for a free place, for half of the time there is, and returns how
// many units it has taken.
func (e *Endpoint) enter(ctx context.Context, length int64) (int64, error) {
	if length < 0 {
		length = MaxBodyBytes // not known in advance
	}
	units := min(1+length/unitBytes, e.units)
	if e.slots.TryAcquire(units) {
		return units, nil
	}
	deadline, _ := ctx.Deadline()
	ctx, cancel := context.WithTimeout(ctx, time.Until(deadline)/2)
	defer cancel()
	if err := e.slots.Acquire(ctx, units); err != nil {
		return 0, &refusal{http.StatusServiceUnavailable, RefusedBusy,
			"Reeve is busy with other requests; raise --max-concurrent or add replicas"}
	}
	return units, nil
}

// bodies spares a buffer per request. Nothing of it is left in a decoded review.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// readReview reads the request of an AdmissionReview from a body, within the
// deadline however slowly the body comes.
func readReview(w http.ResponseWriter, r *http.Request, deadline time.Time) (admission.Request, error) {
	connection := http.NewResponseController(w)
	if connection.SetReadDeadline(deadline) == nil { // only tests have no connection
		defer func() { _ = connection.SetReadDeadline(time.Time{}) }()
	}
	body := bodies.Get().(*bytes.Buffer)
	defer func() {
		if body.Cap() <= 2*unitBytes { // large ones are rare and would stay
			body.Reset()
			bodies.Put(body)
		}
	}()
	body.Grow(int(min(max(r.ContentLength, 0), unitBytes)) + bytes.MinRead)
	if _, err := body.ReadFrom(io.LimitReader(r.Body, MaxBodyBytes+1)); err != nil {
		return admission.Request{}, malformed("the request's body could not be read: " + err.Error())
	}
	if body.Len() > MaxBodyBytes {
		return admission.Request{}, tooLarge("the AdmissionReview is larger")
	}
	return decodeReview(body.Bytes())
}

// discard reads what is left of a body that nobody wants, within reason: over
// HTTP/1.1, a sender that is still sending would not see the answer.
func discard(w http.ResponseWriter, r *http.Request, deadline time.Time) {
	_ = http.NewResponseController(w).SetReadDeadline(deadline) // only tests have no connection
	_, _ = io.CopyN(io.Discard, r.Body, 2*MaxBodyBytes)         // the answer is an error anyway
}

// encodeReview returns the AdmissionReview of a response.
func encodeReview(response *admissionv1.AdmissionResponse) ([]byte, error) {
	review := admissionv1.AdmissionReview{Response: response}
	review.APIVersion, review.Kind = reviewVersion, reviewKind
	answer, err := json.Marshal(review)
	if err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	return answer, nil
}
