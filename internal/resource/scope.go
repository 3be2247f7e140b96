package resource

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// clusterScoped holds the API groups that come with Kubernetes, and Reeve's own,
// each with its kinds that have no namespace.
var clusterScoped = map[string][]string{
	"":                             {"Namespace", "Node", "PersistentVolume", "ComponentStatus"},
	"admissionregistration.k8s.io": {"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"},
	"apps":                         {},
	"autoscaling":                  {},
	"batch":                        {},
	"coordination.k8s.io":          {},
	"discovery.k8s.io":             {},
	"events.k8s.io":                {},
	"extensions":                   {"PodSecurityPolicy"},
	"kubereeve.io":                 {},
	"networking.k8s.io":            {"IngressClass", "IPAddress", "ServiceCIDR"},
	"policy":                       {"PodSecurityPolicy"},
	"rbac.authorization.k8s.io":    {"ClusterRole", "ClusterRoleBinding"},
	"resource.k8s.io":              {"DeviceClass", "DeviceTaintRule", "ResourceSlice"},
	"storage.k8s.io":               {"CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"},
}

// Namespaced tells whether a kind that comes with Kubernetes lives in a
// namespace. Without a cluster to ask, nobody knows of other kinds: those are
// false. So are the built-in groups of which no kind has a namespace.
func Namespaced(kind schema.GroupKind) bool {
	without, known := clusterScoped[kind.Group]
	return known && !slices.Contains(without, kind.Kind)
}

// EffectiveNamespace returns the namespace the object is in, "" for objects
// without one. An object of a kind that comes with Kubernetes and names no
// namespace, as in most files, is in "default", where kubectl apply would put it.
func (r *Resource) EffectiveNamespace() string {
	if r.Identity.Namespace == "" && Namespaced(r.GroupKind()) {
		return "default"
	}
	return r.Identity.Namespace
}
