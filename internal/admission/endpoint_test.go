package admission_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrladmission "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kubereeve/reeve/internal/admission"
)

func TestEndpointRefuses(t *testing.T) {
	valid := string(encodeRequest(t, create(t, privilegedPod)))
	tests := []struct {
		name    string
		method  string
		content string
		body    string
		status  int
		message string
		reason  string
	}{
		{name: "an empty body", status: 400, message: "the request has no body", reason: "malformed"},
		{name: "what is no JSON", body: "kind: AdmissionReview", status: 400, message: "invalid JSON at byte", reason: "malformed"},
		{name: "JSON that ends too early", body: valid[:len(valid)-9], status: 400, message: "the JSON ends too early", reason: "malformed"},
		{name: "text after the JSON", body: valid + "{}", status: 400, message: "invalid JSON", reason: "malformed"},
		{name: "a value of the wrong type", body: `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":7}}`, status: 400, message: `the value at "/request/uid" is of the wrong type`, reason: "malformed"},
		{name: "another kind", body: `{"apiVersion":"v1","kind":"Pod"}`, status: 400, message: `the kind is "Pod", not AdmissionReview`, reason: "malformed"},
		{name: "another version", body: strings.Replace(valid, "admission.k8s.io/v1", "admission.k8s.io/v1beta1", 1), status: 400, message: "list v1 in the webhook's admissionReviewVersions", reason: "malformed"},
		{name: "a review without a request", body: `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}`, status: 400, message: "no uid", reason: "malformed"},
		{name: "a review with null as request", body: `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":null}`, status: 400, message: "no request", reason: "malformed"},
		{name: "another method", method: http.MethodGet, status: 405, message: "POST", reason: "malformed"},
		{name: "another content type", content: "application/yaml", body: valid, status: 415, message: "Content-Type", reason: "malformed"},
		{name: "a body of 8 MB", body: valid + strings.Repeat(" ", 8<<20), status: 413, message: "at most 7340032 bytes", reason: "too_large"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := builtin(t)
			method, content := test.method, test.content
			if method == "" {
				method = http.MethodPost
			}
			if content == "" {
				content = "application/json"
			}
			request := httptest.NewRequest(method, "/validate", strings.NewReader(test.body))
			request.Header.Set("Content-Type", content)
			answer := httptest.NewRecorder()
			d.ServeHTTP(answer, request)
			var said metav1.Status
			if err := json.Unmarshal(answer.Body.Bytes(), &said); err != nil {
				t.Fatal(err)
			}
			if answer.Code != test.status || !strings.Contains(said.Message, test.message) || said.Kind != "Status" || said.Code != int32(test.status) || said.Reason == "" {
				t.Errorf("status %d: %s", answer.Code, answer.Body)
			}
			if diff := cmp.Diff([]string{test.reason}, d.recorder.refused); diff != "" {
				t.Errorf("refused (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("a body of unknown length that is too large", func(t *testing.T) {
		d := builtin(t)
		request := httptest.NewRequest(http.MethodPost, "/validate", struct{ *strings.Reader }{strings.NewReader(strings.Repeat(" ", 8<<20))})
		request.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		d.ServeHTTP(answer, request)
		if answer.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("status %d: %s", answer.Code, answer.Body)
		}
	})
}

func TestEndpointAcceptsContentTypeWithParameters(t *testing.T) {
	request := httptest.NewRequest(http.MethodPost, "/validate", bytes.NewReader(encodeRequest(t, create(t, privilegedPod))))
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	answer := httptest.NewRecorder()
	builtin(t).ServeHTTP(answer, request)
	if answer.Code != http.StatusOK || answer.Header().Get("Content-Type") != "application/json" {
		t.Errorf("status %d: %s", answer.Code, answer.Body)
	}
}

// slow answers once it is let go, and tells when a request has come.
type slow struct {
	came, letGo chan struct{}
	deadlines   chan time.Duration
}

func (s slow) Handle(ctx context.Context, _ ctrladmission.Request) ctrladmission.Response {
	deadline, _ := ctx.Deadline()
	s.deadlines <- time.Until(deadline)
	s.came <- struct{}{}
	<-s.letGo
	return ctrladmission.Allowed("")
}

func TestEndpointIsBusyWhenFull(t *testing.T) {
	handler := slow{came: make(chan struct{}, 9), letGo: make(chan struct{}), deadlines: make(chan time.Duration, 9)}
	counted := &recorder{}
	endpoint := admission.NewEndpoint(handler, admission.EndpointOptions{
		Deadline: 50 * time.Millisecond, MaxConcurrent: 2, Recorder: counted, Log: logr.Discard()})
	body := encodeRequest(t, create(t, privilegedPod))
	post := func() int {
		request := httptest.NewRequest(http.MethodPost, "/validate", bytes.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		endpoint.ServeHTTP(answer, request)
		return answer.Code
	}
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			if code := post(); code != http.StatusOK {
				t.Errorf("status %d for a request that found a place", code)
			}
		})
		<-handler.came
	}
	if code := post(); code != http.StatusServiceUnavailable {
		t.Errorf("status %d when full", code)
	}
	close(handler.letGo)
	group.Wait()
	if code := post(); code != http.StatusOK {
		t.Errorf("status %d when there is a place again", code)
	}
	if diff := cmp.Diff([]string{"busy"}, counted.refused); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
}

func TestEndpointHeedsTheTimeoutOfTheAPIServer(t *testing.T) {
	handler := slow{came: make(chan struct{}, 9), letGo: make(chan struct{}), deadlines: make(chan time.Duration, 9)}
	close(handler.letGo)
	endpoint := admission.NewEndpoint(handler, admission.EndpointOptions{
		Deadline: time.Hour, MaxConcurrent: 2, Recorder: &recorder{}, Log: logr.Discard()})
	for query, limit := range map[string]time.Duration{
		"":                  time.Hour,
		"?timeout=2h":       time.Hour,
		"?timeout=10s":      9500 * time.Millisecond,
		"?timeout=1s":       900 * time.Millisecond,
		"?timeout=nonsense": time.Hour,
		"?timeout=-3s":      time.Hour,
	} {
		request := httptest.NewRequest(http.MethodPost, "/validate", bytes.NewReader(encodeRequest(t, create(t, privilegedPod))))
		request.URL.RawQuery = strings.TrimPrefix(query, "?")
		request.Header.Set("Content-Type", "application/json")
		// The server cancels its requests when it shuts down.
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		answer := httptest.NewRecorder()
		endpoint.ServeHTTP(answer, request.WithContext(ctx))
		if answer.Code != http.StatusOK {
			t.Errorf("%s: status %d", query, answer.Code)
		}
		if got := <-handler.deadlines; got > limit || got < limit*3/4 {
			t.Errorf("%q: %s left, want nearly %s", query, got, limit)
		}
	}
}

// FuzzHandler sends arbitrary bytes through the whole HTTP side: the answer is an
// AdmissionReview to the request, or an HTTP error of the sender's making.
func FuzzHandler(f *testing.F) {
	d := builtin(f, "privileged-container=deny", "host-network=audit")
	for _, manifest := range []string{privilegedPod, deployment} {
		f.Add(encodeRequest(f, create(f, manifest)))
	}
	f.Add([]byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","kind":{"version":"v1","kind":"Pod"},"operation":"UPDATE","object":{"spec":{"containers":[null,{"name":1}]}},"oldObject":{}}}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, body []byte) {
		answer := d.post(body)
		if answer.Code >= 400 && answer.Code < 500 {
			return
		}
		var review admissionv1.AdmissionReview
		if err := json.Unmarshal(answer.Body.Bytes(), &review); answer.Code != http.StatusOK || err != nil {
			t.Fatalf("status %d, %v: %s", answer.Code, err, answer.Body)
		}
		if review.APIVersion != "admission.k8s.io/v1" || review.Response == nil || review.Response.UID == "" || review.Response.Result == nil {
			t.Fatalf("not an answer: %s", answer.Body)
		}
	})
}
