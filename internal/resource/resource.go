// Package resource describes what Reeve judges: one Kubernetes object as it
// arrived at a door, be it an AdmissionRequest, a live object or a file.
//
// The object itself stays raw JSON until the engine parses it, because most
// admissions are answered from the verdict cache without parsing anything.
package resource

import (
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Operation is what is being done to the object. The four API operations carry
// the names of admission.k8s.io/v1; Scan means the object already exists.
type Operation string

// The operations a rule can see in input.operation.
const (
	Create  Operation = "CREATE"
	Update  Operation = "UPDATE"
	Delete  Operation = "DELETE"
	Connect Operation = "CONNECT"
	Scan    Operation = "SCAN"
)

// Identity names one object.
type Identity struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
	UID        string `json:"-"`
}

// GroupKind returns the object's group and kind, without the version: rules
// name kinds in any version.
func (i Identity) GroupKind() schema.GroupKind {
	return schema.FromAPIVersionAndKind(i.APIVersion, i.Kind).GroupKind()
}

// String returns "Kind namespace/name", or "Kind name" for cluster-scoped
// objects.
func (i Identity) String() string {
	if i.Namespace == "" {
		return i.Kind + " " + i.Name
	}
	return i.Kind + " " + i.Namespace + "/" + i.Name
}

// User is who sent an admission request.
type User struct {
	Name   string
	Groups []string
}

// Namespace is what rules see of the object's namespace.
type Namespace struct {
	Name        string
	Labels      map[string]string
	Annotations map[string]string
}

// Owner is the controller that manages an object: the ownerReference with
// controller set to true.
type Owner struct {
	GroupKind schema.GroupKind
	Name      string
	UID       string
}

// Source is where in a file an object stands. Line counts from 1.
type Source struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

// Resource is one object to be judged. It is not changed once built, so doors
// and workers may share it.
type Resource struct {
	Identity
	ResourceVersion string
	Subresource     string
	Operation       Operation
	Object          []byte // raw JSON; never empty
	OldObject       []byte // raw JSON, on UPDATE only
	User            *User  // admission only
	// Request is all that the API server sent, for rules that look at what the
	// other fields leave out; admission only.
	Request   *admissionv1.AdmissionRequest
	Namespace *Namespace
	Owner     *Owner
	DryRun    bool
	Source    *Source // files only
}
