// Package admission is the door at the API server: it judges objects before they
// are stored, and answers with a refusal, warnings or audit annotations.
package admission

import (
	"context"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/go-logr/logr"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/sink"
)

// Reviewer judges resources; package review implements it.
type Reviewer interface {
	// Judges tells whether a resource of this kind could have findings.
	Judges(res *resource.Resource) bool
	// Review returns what was found. It fails only when the object cannot be
	// parsed.
	Review(ctx context.Context, res *resource.Resource) (finding.Verdict, error)
	// Revision identifies the rules.
	Revision() string
}

// Namespaces knows the namespaces of the cluster.
type Namespaces interface {
	// Namespace returns what rules may see of a namespace, or nil when it is
	// not known. It must not wait.
	Namespace(name string) *resource.Namespace
}

// Recorder counts what happens at the door. Its methods must be safe for
// concurrent use.
type Recorder interface {
	// Reviewed counts an answer, by one of the Decision constants.
	Reviewed(decision string, took time.Duration)
	// Refused counts a request that was not judged, by one of the Refused
	// constants.
	Refused(reason string)
	// FailedOpen counts a request that passed although a rule could not judge
	// it, by one of the causes of package finding.
	FailedOpen(cause string)
}

// The decisions that are counted.
const (
	DecisionAllow = "allow"
	DecisionWarn  = "warn"
	DecisionDeny  = "deny"
	DecisionError = "error"
)

// The reasons for which a request is not judged.
const (
	RefusedBusy      = "busy"
	RefusedTooLarge  = "too_large"
	RefusedMalformed = "malformed"
	RefusedPanic     = "panic"
)

// Options configure a handler.
type Options struct {
	Reviewer Reviewer
	// Namespaces fills input.namespace; nil leaves it out.
	Namespaces Namespaces
	// Sink takes a report on every request with findings. It must not wait.
	Sink     sink.Sink
	Recorder Recorder
	// Silent tells which requests leave no trace: they are judged and answered,
	// but neither counted nor reported. Nil: none.
	Silent func(request *admissionv1.AdmissionRequest) bool
	Log    logr.Logger
}

// Handler answers admission requests. It is safe for concurrent use and
// implements the Handler of controller-runtime.
type Handler struct {
	Options
}

// NewHandler returns a handler.
func NewHandler(options Options) *Handler { return &Handler{Options: options} }

// Handle answers one request. It never panics: a panic while judging is answered
// with status 500.
func (h *Handler) Handle(ctx context.Context, request admission.Request) (response admission.Response) {
	start := time.Now()
	decision := DecisionError
	defer func() {
		if cause := recover(); cause != nil {
			h.Recorder.Refused(RefusedPanic)
			// The panic's value may quote the object, so it stays out of the log
			// unless the runtime itself has raised it.
			h.Log.Error(runtimeError(cause), "panic while judging", "object", describe(&request.AdmissionRequest), "stack", string(debug.Stack()))
			response = failed(http.StatusInternalServerError, metav1.StatusReasonInternalError,
				"judging "+describe(&request.AdmissionRequest)+" failed; the log of the Reeve webhook says more")
		}
		if !h.silent(&request.AdmissionRequest) {
			h.Recorder.Reviewed(decision, time.Since(start))
		}
	}()
	response, decision = h.judge(ctx, &request.AdmissionRequest)
	return response
}

// judge reviews a request's object and returns the answer and its decision.
func (h *Handler) judge(ctx context.Context, request *admissionv1.AdmissionRequest) (admission.Response, string) {
	if !judged(request) || !h.Reviewer.Judges(outline(request)) {
		return allowed(), DecisionAllow
	}
	res, err := resource.FromAdmission(request)
	if err != nil {
		return h.unreadable(request, err), DecisionError
	}
	if h.Namespaces != nil && res.Identity.Namespace != "" {
		res.Namespace = h.Namespaces.Namespace(res.Identity.Namespace)
	}
	verdict, err := h.Reviewer.Review(ctx, res)
	if err != nil {
		return h.unreadable(request, err), DecisionError
	}
	if verdict.Empty() {
		return allowed(), DecisionAllow
	}
	if !h.silent(request) {
		h.report(ctx, verdict)
		h.countErrors(verdict)
	}
	answer := newAnswer(verdict)
	return answer.response(), answer.decision()
}

func (h *Handler) silent(request *admissionv1.AdmissionRequest) bool {
	return h.Silent != nil && h.Silent(request)
}

// judged tells whether a request is one to judge. Rules are about objects that
// come or change; what only goes must not be held back by them, and neither must
// subresources that cannot change what a rule judges.
func judged(request *admissionv1.AdmissionRequest) bool {
	if request.Operation != admissionv1.Create && request.Operation != admissionv1.Update {
		return false
	}
	switch request.SubResource {
	case "", "ephemeralcontainers", "resize":
		return true
	}
	return false
}

// outline returns as much of a request's resource as Judges needs.
func outline(request *admissionv1.AdmissionRequest) *resource.Resource {
	apiVersion, kind := schema.GroupVersionKind(request.Kind).ToAPIVersionAndKind()
	return &resource.Resource{
		Identity:  resource.Identity{APIVersion: apiVersion, Kind: kind},
		Operation: resource.Operation(request.Operation),
	}
}

// unreadable answers a request whose object cannot be parsed.
func (h *Handler) unreadable(request *admissionv1.AdmissionRequest, err error) admission.Response {
	h.Recorder.Refused(RefusedMalformed)
	return failed(http.StatusBadRequest, metav1.StatusReasonBadRequest, cut(describe(request)+" cannot be judged: "+clean(err.Error()), lineRunes))
}

// report hands a verdict to the sink. Dry runs leave no trace. Object bodies stay
// behind, as they would fill the queue.
func (h *Handler) report(ctx context.Context, verdict finding.Verdict) {
	if verdict.Resource.DryRun || h.Sink == nil {
		return
	}
	slim := *verdict.Resource
	slim.Object, slim.OldObject = nil, nil
	verdict.Resource = &slim
	err := h.Sink.Write(ctx, finding.Report{
		Door:     finding.DoorAdmission,
		Revision: h.Reviewer.Revision(),
		Time:     time.Now(),
		Verdicts: []finding.Verdict{verdict},
	})
	if err != nil {
		h.Log.Error(err, "an admission could not be reported")
	}
}

// countErrors counts and logs the rules that could not judge, once per cause and
// outcome: when time is up, it is up for many rules.
func (h *Handler) countErrors(verdict finding.Verdict) {
	type sort struct {
		cause        string
		deny, before bool
	}
	bySort := make(map[sort][]finding.RuleError)
	for _, failure := range verdict.Errors {
		of := sort{failure.Cause, failure.Deny, failure.Before}
		bySort[of] = append(bySort[of], failure)
	}
	for of, failures := range bySort {
		ids := make([]string, len(failures))
		for i, failure := range failures {
			ids[i] = failure.Rule
		}
		values := []any{"cause", of.cause, "rules", ids, "object", verdict.Resource.String(), "refused", of.deny}
		// What a builtin was given or a rule returned may quote the object.
		if of.cause != finding.CauseBuiltin && of.cause != finding.CauseResult {
			values = append(values, "message", cut(failures[0].Message, lineRunes))
		}
		switch {
		case of.before:
			h.Log.Error(nil, "rules could not judge an object as it was before its update; what they find counts as new", values...)
		default:
			if !of.deny {
				h.Recorder.FailedOpen(of.cause)
			}
			h.Log.Error(nil, "rules could not judge an object", values...)
		}
	}
}

// describe names a request's object without reading it.
func describe(request *admissionv1.AdmissionRequest) string {
	return resource.Identity{Kind: request.Kind.Kind, Namespace: request.Namespace, Name: request.Name}.String()
}
