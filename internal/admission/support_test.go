package admission_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/kubereeve/reeve/internal/admission"
	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/rule/dialect"
	"github.com/kubereeve/reeve/internal/rule/source"
)

// recorder remembers what is counted.
type recorder struct {
	mu                             sync.Mutex
	decisions, refused, failedOpen []string
}

func (r *recorder) Reviewed(decision string, _ time.Duration) { r.add(&r.decisions, decision) }
func (r *recorder) Refused(reason string)                     { r.add(&r.refused, reason) }
func (r *recorder) FailedOpen(cause string)                   { r.add(&r.failedOpen, cause) }

func (r *recorder) add(to *[]string, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*to = append(*to, what)
}

// reports keeps what it is given.
type reports struct {
	mu   sync.Mutex
	kept []finding.Report
}

func (r *reports) Write(_ context.Context, report finding.Report) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = append(r.kept, report)
	return nil
}

// door is the admission door over the real engine, with everything it tells.
type door struct {
	*admission.Endpoint
	recorder *recorder
	reports  *reports
}

// newDoor opens a door for rules; change may adjust its options.
func newDoor(tb testing.TB, set *rule.Set, policy *review.Policy, change func(*admission.Options)) *door {
	tb.Helper()
	d := &door{recorder: &recorder{}, reports: &reports{}}
	e, problems, err := engine.New(policy.Active(set), engine.Options{})
	if err != nil || len(problems) > 0 {
		tb.Fatal(err, problems)
	}
	options := admission.Options{Reviewer: review.New(e, policy), Sink: d.reports, Recorder: d.recorder, Log: logr.Discard()}
	if change != nil {
		change(&options)
	}
	d.Endpoint = admission.NewEndpoint(admission.NewHandler(options), admission.EndpointOptions{
		Deadline: 20 * time.Second, MaxConcurrent: 8, Recorder: d.recorder, Log: logr.Discard()})
	return d
}

// builtin opens a door with the built-in rules, some of them with other modes,
// given as RULE=MODE.
func builtin(tb testing.TB, modes ...string) *door {
	tb.Helper()
	return newDoor(tb, enginetest.Builtin(tb), policyOf(tb, modes...), nil)
}

// policyOf returns the default policy with RULE=MODE texts.
func policyOf(tb testing.TB, texts ...string) *review.Policy {
	tb.Helper()
	policy, err := review.PolicyOf(texts...)
	if err != nil {
		tb.Fatal(err)
	}
	return policy
}

// rules loads rules of a test's own from one file per rule.
func rules(tb testing.TB, files map[string]string) *rule.Set {
	tb.Helper()
	dir := tb.TempDir()
	for name, text := range files {
		writeFile(tb, dir+"/"+name, text)
	}
	set, problems := source.Load(dialect.All(), source.Directory(dir))
	if len(problems) > 0 {
		tb.Fatal(problems)
	}
	return set
}

// review sends a request through the door and returns the answer.
func (d *door) review(tb testing.TB, request *admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
	tb.Helper()
	answer := d.post(encodeRequest(tb, request))
	if answer.Code != http.StatusOK {
		tb.Fatalf("status %d: %s", answer.Code, answer.Body)
	}
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(answer.Body.Bytes(), &review); err != nil {
		tb.Fatal(err)
	}
	if review.Response == nil || review.Response.UID != request.UID {
		tb.Fatalf("the answer is not to this request: %s", answer.Body)
	}
	return review.Response
}

func (d *door) post(body []byte) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodPost, "/validate", bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	d.ServeHTTP(answer, request)
	return answer
}

// create returns the request to create the object of a manifest.
func create(tb testing.TB, manifest string) *admissionv1.AdmissionRequest {
	tb.Helper()
	raw, err := yaml.YAMLToJSON([]byte(manifest))
	if err != nil {
		tb.Fatal(err)
	}
	var object metav1.PartialObjectMetadata
	if err := json.Unmarshal(raw, &object); err != nil {
		tb.Fatal(err)
	}
	kind := schema.FromAPIVersionAndKind(object.APIVersion, object.Kind)
	return &admissionv1.AdmissionRequest{
		UID:       "705ab4f5-6393-11e8-b7cc-42010a800002",
		Kind:      metav1.GroupVersionKind(kind),
		Operation: admissionv1.Create,
		Namespace: object.Namespace,
		Name:      object.Name,
		UserInfo:  authenticationv1.UserInfo{Username: "jane", Groups: []string{"system:authenticated"}},
		Object:    runtime.RawExtension{Raw: raw},
	}
}

// podRequest returns the request of a ReplicaSet's controller for a pod.
func podRequest(pod []byte) *admissionv1.AdmissionRequest {
	return &admissionv1.AdmissionRequest{
		UID:       "705ab4f5-6393-11e8-b7cc-42010a800002",
		Kind:      metav1.GroupVersionKind{Version: "v1", Kind: "Pod"},
		Resource:  metav1.GroupVersionResource{Version: "v1", Resource: "pods"},
		Operation: admissionv1.Create,
		Namespace: "shop",
		UserInfo:  authenticationv1.UserInfo{Username: "system:serviceaccount:kube-system:replicaset-controller", Groups: []string{"system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"}},
		Object:    runtime.RawExtension{Raw: pod},
		Options:   runtime.RawExtension{Raw: []byte(`{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1"}`)},
	}
}

func encodeRequest(tb testing.TB, request *admissionv1.AdmissionRequest) []byte {
	tb.Helper()
	body, err := json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request:  request,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

func writeFile(tb testing.TB, path, text string) {
	tb.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}
