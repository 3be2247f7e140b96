package resource

import "k8s.io/apimachinery/pkg/runtime/schema"

// templatePaths says where each kind that runs pods keeps its pod template.
// An empty path means that the object is its own template.
var templatePaths = map[schema.GroupKind][]string{
	{Kind: "Pod"}:                        {},
	{Kind: "PodTemplate"}:                {"template"},
	{Kind: "ReplicationController"}:      {"spec", "template"},
	{Group: "apps", Kind: "Deployment"}:  {"spec", "template"},
	{Group: "apps", Kind: "ReplicaSet"}:  {"spec", "template"},
	{Group: "apps", Kind: "DaemonSet"}:   {"spec", "template"},
	{Group: "apps", Kind: "StatefulSet"}: {"spec", "template"},
	{Group: "batch", Kind: "Job"}:        {"spec", "template"},
	{Group: "batch", Kind: "CronJob"}:    {"spec", "jobTemplate", "spec", "template"},
}

// TemplatePath returns the fields that lead to the pod template of a workload
// kind, and whether the kind is a workload at all. The caller must not change
// the slice.
func TemplatePath(kind schema.GroupKind) ([]string, bool) {
	path, ok := templatePaths[kind]
	return path, ok
}

// WorkloadKinds returns every kind that carries a pod template, Pod included,
// in no particular order.
func WorkloadKinds() []schema.GroupKind {
	kinds := make([]schema.GroupKind, 0, len(templatePaths))
	for kind := range templatePaths {
		kinds = append(kinds, kind)
	}
	return kinds
}
