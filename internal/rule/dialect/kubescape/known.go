package kubescape

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/rule"
)

// knownGroups are the kinds that come with Kubernetes, by their group.
var knownGroups = map[string][]string{
	"": {
		"ConfigMap", "Endpoints", "Event", "LimitRange", "Namespace", "Node", "PersistentVolume", "PersistentVolumeClaim",
		"Pod", "PodTemplate", "ReplicationController", "ResourceQuota", "Secret", "Service", "ServiceAccount",
	},
	"admissionregistration.k8s.io": {"MutatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration"},
	"apiextensions.k8s.io":         {"CustomResourceDefinition"},
	"apiregistration.k8s.io":       {"APIService"},
	"apps":                         {"ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
	"autoscaling":                  {"HorizontalPodAutoscaler"},
	"batch":                        {"CronJob", "Job"},
	"certificates.k8s.io":          {"CertificateSigningRequest"},
	"coordination.k8s.io":          {"Lease"},
	"discovery.k8s.io":             {"EndpointSlice"},
	"networking.k8s.io":            {"Ingress", "IngressClass", "NetworkPolicy"},
	"node.k8s.io":                  {"RuntimeClass"},
	"policy":                       {"PodDisruptionBudget", "PodSecurityPolicy"},
	"rbac.authorization.k8s.io":    {"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"},
	"scheduling.k8s.io":            {"PriorityClass"},
	"storage.k8s.io":               {"CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"},
}

// knownKinds are the same kinds by all that rules call them, in small letters:
// pod and pods.
var knownKinds = func() map[string]schema.GroupKind {
	known := make(map[string]schema.GroupKind)
	for group, kinds := range knownGroups {
		for _, name := range kinds {
			kind := schema.GroupKind{Group: group, Kind: name}
			plural, singular := meta.UnsafeGuessKindToResource(kind.WithVersion("v1"))
			known[plural.Resource], known[singular.Resource] = kind, kind
		}
	}
	return known
}()

// kindsNamed returns the kinds of Kubernetes that stand in a module as texts.
func kindsNamed(module *ast.Module) []schema.GroupKind {
	var named []schema.GroupKind
	rule.WalkTerms(module, func(term *ast.Term) bool {
		if text, ok := term.Value.(ast.String); ok {
			kind, known := knownKinds[strings.ToLower(string(text))]
			if known && kind.Kind == string(text) {
				named = append(named, kind)
			}
		}
		return false
	})
	slices.SortFunc(named, func(a, b schema.GroupKind) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(named)
}

// kindOfMatch returns the kind that a rule means by a group and what it calls a
// resource. Kinds that come with Kubernetes may be written in small letters and in
// the plural, and their group may be left out, as Kubescape looks them up by name.
func kindOfMatch(group, resource string) schema.GroupKind {
	kind, known := knownKinds[strings.ToLower(resource)]
	if !known {
		return schema.GroupKind{Group: group, Kind: resource}
	}
	if group != "" && group != rule.Any {
		kind.Group = group
	}
	return kind
}
