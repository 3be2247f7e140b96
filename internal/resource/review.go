package resource

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// ReviewKind is the kind of files that hold a whole admission request.
var ReviewKind = schema.GroupKind{Group: admissionv1.GroupName, Kind: "AdmissionReview"}

// FromReview returns the resource of an AdmissionReview written by hand, given as
// JSON. It may leave out what its objects say as well. Beside what FromAdmission
// refuses, it fails on fields that an AdmissionReview has not.
func FromReview(raw []byte) (*Resource, error) {
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(raw, &review, json.RejectUnknownMembers(true)); err != nil {
		return nil, err
	}
	request := review.Request
	if request == nil {
		return nil, errors.New("request is missing; write what the API server would ask, as in request: {operation: CREATE, object: ...}")
	}
	object, err := identityOf(request.Object.Raw, request.Kind)
	if err != nil {
		return nil, fmt.Errorf("request.object: %w", err)
	}
	old, err := identityOf(request.OldObject.Raw, request.Kind)
	if err != nil {
		return nil, fmt.Errorf("request.oldObject: %w", err)
	}
	switch {
	case object == nil && old == nil:
		return nil, errors.New("request: there is neither object nor oldObject to judge")
	case old == nil && request.Operation == admissionv1.Delete:
		return nil, errors.New("request: oldObject is missing, which a DELETE judges")
	case object == nil:
		object = old
		if request.Operation != admissionv1.Delete {
			request.Object = request.OldObject
		}
	}
	if request.Kind.Kind == "" {
		gvk := schema.FromAPIVersionAndKind(object.APIVersion, object.Kind)
		request.Kind.Group, request.Kind.Version, request.Kind.Kind = gvk.Group, gvk.Version, gvk.Kind
	}
	if request.Namespace == "" {
		request.Namespace = object.Namespace
	}
	return FromAdmission(request)
}

// identityOf returns what an object of a request says that it is; nil for none.
// One that leaves out its apiVersion is of the request's kind, or, where that says
// nothing, of the core group, as Gatekeeper reads it.
func identityOf(raw []byte, asked metav1.GroupVersionKind) (*Identity, error) {
	if trimmed := bytes.TrimSpace(raw); len(trimmed) == 0 || bytes.Equal(trimmed, []byte("null")) {
		return nil, nil
	}
	if h, err := readHead(raw); err == nil && h.apiVersion == "" && h.kind != "" {
		identity := &Identity{Kind: h.kind, Namespace: h.metadata.Namespace, Name: h.metadata.name(), UID: h.metadata.UID}
		if asked.Kind == h.kind {
			identity.APIVersion, _ = schema.GroupVersionKind(asked).ToAPIVersionAndKind()
		}
		return identity, nil
	}
	res, err := FromObject(raw, schema.GroupVersionKind{})
	if err != nil {
		return nil, err
	}
	return &res.Identity, nil
}
