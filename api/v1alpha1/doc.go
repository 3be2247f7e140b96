// Package v1alpha1 holds Reeve's custom resources: RuleException, which says
// that findings of some rules on some objects of a namespace are accepted, why,
// and until when.
//
// Deep copies and config/crd/kubereeve.io_ruleexceptions.yaml are generated from
// it by hack/update-crds.sh.
//
// +kubebuilder:object:generate=true
// +groupName=kubereeve.io
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Group is the API group of Reeve's resources, and Version the version of this
// package.
const (
	Group   = "kubereeve.io"
	Version = "v1alpha1"
)

// GroupVersion returns the group and version of this package's types.
func GroupVersion() schema.GroupVersion {
	return schema.GroupVersion{Group: Group, Version: Version}
}

// RuleExceptionKind returns the kind of RuleException.
func RuleExceptionKind() schema.GroupVersionKind {
	return GroupVersion().WithKind("RuleException")
}

// RuleExceptionResource returns the resource that serves RuleExceptions.
func RuleExceptionResource() schema.GroupVersionResource {
	return GroupVersion().WithResource("ruleexceptions")
}

// AddToScheme makes a scheme know the types of this package. It never fails; it
// has the form that clients want.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion(), &RuleException{}, &RuleExceptionList{})
	metav1.AddToGroupVersion(scheme, GroupVersion())
	return nil
}
