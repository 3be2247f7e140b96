package resource

import (
	"errors"
	"fmt"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// ErrNoObject says that an admission request carries nothing to judge.
var ErrNoObject = errors.New("the admission request carries no object")

// FromAdmission returns the resource of an admission.k8s.io/v1 request. On
// DELETE, where the API server sends the object as oldObject, that is what is
// judged. It fails with ErrNoObject, or when the object is not a JSON object.
func FromAdmission(request *admissionv1.AdmissionRequest) (*Resource, error) {
	raw, oldRaw := request.Object.Raw, request.OldObject.Raw
	if request.Operation == admissionv1.Delete {
		raw, oldRaw = oldRaw, nil
	}
	if len(raw) == 0 {
		return nil, ErrNoObject
	}
	gvk := schema.GroupVersionKind{Group: request.Kind.Group, Version: request.Kind.Version, Kind: request.Kind.Kind}
	apiVersion, kind := gvk.ToAPIVersionAndKind()
	res := &Resource{
		Identity: Identity{
			APIVersion: apiVersion,
			Kind:       kind,
			Namespace:  request.Namespace,
			Name:       request.Name,
		},
		Subresource: request.SubResource,
		Operation:   Operation(request.Operation),
		Object:      raw,
		OldObject:   oldRaw,
		User:        &User{Name: request.UserInfo.Username, Groups: request.UserInfo.Groups},
		Request:     request,
		DryRun:      request.DryRun != nil && *request.DryRun,
	}
	h, err := readHead(raw)
	if err != nil {
		return nil, fmt.Errorf("object: %w", err)
	}
	// A request for a generated name has none of its own.
	if res.Name == "" {
		res.Name = h.metadata.name()
	}
	// Namespaces are cluster-scoped, yet the API server fills in their own name.
	if gvk.Group == "" && kind == "Namespace" {
		res.Identity.Namespace = ""
	}
	res.UID = h.metadata.UID
	res.Owner = h.metadata.owner()
	return res, nil
}

// FromObject returns the resource of an object that exists in a cluster or in
// a file, given as JSON. Objects in the typed lists of an API server lack
// apiVersion and kind, so fallback says what they are; it may be zero for
// objects that must name themselves. Operation is SCAN.
func FromObject(raw []byte, fallback schema.GroupVersionKind) (*Resource, error) {
	h, err := readHead(raw)
	if err != nil {
		return nil, err
	}
	if h.apiVersion == "" && h.kind == "" {
		h.apiVersion, h.kind = fallback.ToAPIVersionAndKind()
	}
	if h.kind == "" {
		return nil, errors.New("kind is missing; every Kubernetes object needs apiVersion and kind")
	}
	if h.apiVersion == "" {
		return nil, fmt.Errorf("apiVersion is missing beside kind %s", h.kind)
	}
	if _, err := schema.ParseGroupVersion(h.apiVersion); err != nil {
		return nil, fmt.Errorf("apiVersion: %w", err)
	}
	return &Resource{
		Identity: Identity{
			APIVersion: h.apiVersion,
			Kind:       h.kind,
			Namespace:  h.metadata.Namespace,
			Name:       h.metadata.name(),
			UID:        h.metadata.UID,
		},
		ResourceVersion: h.metadata.ResourceVersion,
		Operation:       Scan,
		Object:          raw,
		Owner:           h.metadata.owner(),
	}, nil
}
