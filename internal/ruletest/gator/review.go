package gator

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/manifest"
	"github.com/kubereeve/reeve/internal/resource"
)

// reviewKind is the kind of files that hold a whole admission request.
const (
	reviewGroup = "admission.k8s.io"
	reviewKind  = "AdmissionReview"
)

// readObjects reads all objects of a file named by a suite.
func readObjects(suite *Suite, name string) ([]manifest.Object, error) {
	file := filepath.Join(filepath.Dir(suite.File), filepath.FromSlash(name))
	content, err := readRegular(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	read := manifest.Parse(file, content)
	switch {
	case len(read.Problems) > 0:
		return nil, read.Problems[0]
	case len(read.Objects) == 0:
		return nil, fmt.Errorf("%s: there is no object in it", file)
	}
	return read.Objects, nil
}

// readObject reads the one object of a file.
func readObject(suite *Suite, name string) (manifest.Object, error) {
	objects, err := readObjects(suite, name)
	if err != nil {
		return manifest.Object{}, err
	}
	if len(objects) > 1 {
		return manifest.Object{}, fmt.Errorf("%s: there are %d objects in it; a case judges one, put the others into the inventory", objects[0].Resource.Source.File, len(objects))
	}
	return objects[0], nil
}

// reviewed returns what a case asks to judge: an object that is there, or the
// object of an AdmissionReview.
func reviewed(object manifest.Object) (*resource.Resource, error) {
	res := object.Resource
	if kind := res.GroupKind(); kind.Group != reviewGroup || kind.Kind != reviewKind {
		return res, nil
	}
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(res.Object, &review, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%s: it is no AdmissionReview: %w", res.Source.File, suiteError(err))
	}
	if review.Request == nil {
		return nil, fmt.Errorf("%s: the AdmissionReview has no request", res.Source.File)
	}
	judged, err := fromRequest(review.Request)
	if err != nil {
		return nil, fmt.Errorf("%s: request: %w", res.Source.File, err)
	}
	judged.Source = res.Source
	return judged, nil
}

// fromRequest returns the resource of an admission request written by hand, which
// may leave out what its object says as well.
func fromRequest(request *admissionv1.AdmissionRequest) (*resource.Resource, error) {
	object, err := identity(request.Object.Raw)
	if err != nil {
		return nil, fmt.Errorf("object: %w", err)
	}
	old, err := identity(request.OldObject.Raw)
	if err != nil {
		return nil, fmt.Errorf("oldObject: %w", err)
	}
	switch {
	case object == nil && old == nil:
		return nil, errors.New("there is neither object nor oldObject")
	case request.Operation == admissionv1.Delete && old == nil:
		return nil, errors.New("oldObject is missing, which a DELETE judges")
	case object == nil:
		object = old
		if request.Operation != admissionv1.Delete {
			request.Object.Raw = request.OldObject.Raw
		}
	}
	if request.Kind.Kind == "" {
		gvk := schema.FromAPIVersionAndKind(object.APIVersion, object.Kind)
		request.Kind.Group, request.Kind.Version, request.Kind.Kind = gvk.Group, gvk.Version, gvk.Kind
	}
	return resource.FromAdmission(request)
}

// identity returns what an object of a request says that it is; nil for none.
func identity(raw []byte) (*resource.Identity, error) {
	if len(raw) == 0 || bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
		return nil, nil
	}
	res, err := resource.FromObject(jsontext.Value(raw), schema.GroupVersionKind{})
	if err != nil {
		return nil, err
	}
	return &res.Identity, nil
}
