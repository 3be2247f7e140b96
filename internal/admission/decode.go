package admission

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// What an AdmissionReview calls itself.
const (
	reviewVersion = "admission.k8s.io/v1"
	reviewKind    = "AdmissionReview"
)

// decodeReview reads the request of an AdmissionReview.
func decodeReview(body []byte) (admission.Request, error) {
	var request admission.Request
	if len(body) == 0 {
		return request, malformed("the request has no body; send an AdmissionReview")
	}
	review := admissionv1.AdmissionReview{Request: &request.AdmissionRequest}
	// Duplicate names are looked for in vain: the API server has encoded this.
	if err := json.Unmarshal(body, &review, jsontext.AllowDuplicateNames(true)); err != nil {
		return request, malformed("the AdmissionReview cannot be read: " + plain(err))
	}
	switch {
	case review.Kind != reviewKind:
		return request, malformed(fmt.Sprintf("the kind is %s, not %s", quote(review.Kind), reviewKind))
	case review.APIVersion != reviewVersion:
		return request, malformed(fmt.Sprintf("apiVersion is %s; list v1 in the webhook's admissionReviewVersions", quote(review.APIVersion)))
	case review.Request == nil:
		return request, malformed("the AdmissionReview has no request")
	case request.UID == "":
		return request, malformed("the AdmissionReview's request has no uid")
	case request.Kind.Kind == "":
		return request, malformed("the AdmissionReview's request has no kind")
	}
	return request, nil
}

func malformed(message string) error {
	return &refusal{http.StatusBadRequest, RefusedMalformed, message}
}

// quote returns a word of the sender's in quotes and short.
func quote(word string) string { return fmt.Sprintf("%q", cut(clean(word), 64)) }

// plain says what is wrong with JSON, without quoting any of it.
func plain(err error) string {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return "the JSON ends too early"
	}
	if wrong, ok := errors.AsType[*json.SemanticError](err); ok {
		return fmt.Sprintf("the value at %s is of the wrong type", quote(string(wrong.JSONPointer)))
	}
	if wrong, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Sprintf("invalid JSON at byte %d", wrong.ByteOffset)
	}
	return "invalid JSON"
}
