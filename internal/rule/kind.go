package rule

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/resource"
)

// Any stands for every group or every kind.
const Any = "*"

// covers tells whether a kind, or another pattern, is within a pattern.
func covers(pattern, kind schema.GroupKind) bool {
	return (pattern.Group == Any || pattern.Group == kind.Group) && (pattern.Kind == Any || pattern.Kind == kind.Kind)
}

// Closest returns the patterns that a kind may be within, the closest first.
func Closest(kind schema.GroupKind) [4]schema.GroupKind {
	return [4]schema.GroupKind{kind, {Group: Any, Kind: kind.Kind}, {Group: kind.Group, Kind: Any}, {Group: Any, Kind: Any}}
}

// ordinaryKinds are what an asterisk stands for in a scan.
var ordinaryKinds = slices.Concat(resource.WorkloadKinds(), []schema.GroupKind{
	{Kind: "LimitRange"}, {Kind: "Namespace"}, {Kind: "Node"}, {Kind: "PersistentVolumeClaim"},
	{Kind: "ResourceQuota"}, {Kind: "Service"}, {Kind: "ServiceAccount"},
	{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"},
	{Group: "networking.k8s.io", Kind: "Ingress"}, {Group: "networking.k8s.io", Kind: "NetworkPolicy"},
	{Group: "policy", Kind: "PodDisruptionBudget"},
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}, {Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"},
	{Group: "rbac.authorization.k8s.io", Kind: "Role"}, {Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"},
})

// Expand returns the kinds that a pattern stands for in a scan: itself, or those
// of the ordinary kinds that are within it. A kind in any group that is not
// ordinary is looked for in the core group.
func Expand(pattern schema.GroupKind) []schema.GroupKind {
	if !IsPattern(pattern) {
		return []schema.GroupKind{pattern}
	}
	var kinds []schema.GroupKind
	for _, kind := range ordinaryKinds {
		if covers(pattern, kind) {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) == 0 && pattern.Kind != Any {
		kinds = append(kinds, schema.GroupKind{Kind: pattern.Kind})
	}
	return kinds
}

// IsPattern tells whether a kind has an asterisk for its group or itself.
func IsPattern(kind schema.GroupKind) bool { return kind.Group == Any || kind.Kind == Any }

// SpellOut returns needs with those that are patterns replaced by the kinds within
// them, of those given, that no need names by itself.
func SpellOut(needs []Need, kinds []schema.GroupKind) []Need {
	spelled := slices.DeleteFunc(slices.Clone(needs), func(need Need) bool { return IsPattern(need.Kind) })
	for _, need := range needs {
		if !IsPattern(need.Kind) {
			continue
		}
		for _, kind := range kinds {
			if covers(need.Kind, kind) && !slices.ContainsFunc(spelled, func(known Need) bool { return known.Kind == kind }) {
				spelled = append(spelled, Need{Kind: kind, Sample: need.Sample, Optional: need.Optional})
			}
		}
	}
	return spelled
}

// workloadShorthand is what metadata may write for all kinds with a pod
// template.
const workloadShorthand = "workload"

// parseKinds reads kinds as metadata writes them: Pod, Deployment.apps, or
// workload for every kind with a pod template. The second result tells whether
// workload was among them.
func parseKinds(names []string) ([]schema.GroupKind, bool, error) {
	var kinds []schema.GroupKind
	template := false
	for _, name := range names {
		if name == workloadShorthand {
			template = true
			kinds = append(kinds, resource.WorkloadKinds()...)
			continue
		}
		kind, err := parseKind(name)
		if err != nil {
			return nil, false, err
		}
		kinds = append(kinds, kind)
	}
	slices.SortFunc(kinds, compareKinds)
	return slices.Compact(kinds), template, nil
}

func parseKind(name string) (schema.GroupKind, error) {
	if name == "" || strings.ContainsAny(name, "/* ") || name[0] < 'A' || name[0] > 'Z' {
		return schema.GroupKind{}, fmt.Errorf("%q is not a kind; write Kind or Kind.group, as in Pod or Deployment.apps, or workload for every kind with a pod template", name)
	}
	return schema.ParseGroupKind(name), nil
}

func compareKinds(a, b schema.GroupKind) int {
	return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind))
}
