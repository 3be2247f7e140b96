package admission_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/go-logr/logr"
	ctrladmission "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kubereeve/reeve/internal/admission"
	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/review"
)

// BenchmarkHandler answers the review of one pod, from the bytes of the request
// to the bytes of the answer, judged by 40 rules. In "bare" nothing is judged:
// what remains of the others is judging and wording the answer. cpu-µs/op is what
// the process used, garbage collection included, and does not suffer from what
// else the machine does.
func BenchmarkHandler(b *testing.B) {
	set := enginetest.Many(b)
	for _, size := range []string{"minimal", "typical", "large"} {
		body := encodeRequest(b, podRequest(enginetest.Pod(b, size)))
		for _, cache := range []struct {
			name string
			size int
		}{{"miss", -1}, {"hit", 0}} {
			b.Run(size+"/"+cache.name, func(b *testing.B) {
				e, problems, err := engine.New(set, engine.Options{CacheSize: cache.size})
				if err != nil || len(problems) > 0 {
					b.Fatal(err, problems)
				}
				handler := admission.NewHandler(admission.Options{Reviewer: review.New(e, policyOf(b)), Recorder: nothing{}, Log: logr.Discard()})
				benchmarkEndpoint(b, handler, body)
			})
		}
		b.Run(size+"/bare", func(b *testing.B) {
			benchmarkEndpoint(b, ctrladmission.HandlerFunc(func(context.Context, ctrladmission.Request) ctrladmission.Response {
				return ctrladmission.Allowed("")
			}), body)
		})
	}
}

func benchmarkEndpoint(b *testing.B, handler ctrladmission.Handler, body []byte) {
	endpoint := admission.NewEndpoint(handler, admission.EndpointOptions{
		Deadline: time.Second, MaxConcurrent: 64, Recorder: nothing{}, Log: logr.Discard()})
	b.ReportAllocs()
	before := cpuTime(b)
	for b.Loop() {
		request := httptest.NewRequest(http.MethodPost, "/validate?timeout=10s", bytes.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		recorder := httptest.NewRecorder()
		endpoint.ServeHTTP(recorder, request)
		if recorder.Code != http.StatusOK {
			b.Fatal(recorder.Body)
		}
	}
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// cpuTime returns how much time on a processor the process has used.
func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// nothing is the Recorder that counts nothing.
type nothing struct{}

func (nothing) Reviewed(string, time.Duration) {}
func (nothing) Refused(string)                 {}
func (nothing) FailedOpen(string)              {}
