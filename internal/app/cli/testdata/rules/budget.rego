# METADATA
# title: Disruption budget missing
# custom:
#   reeve:
#     severity: low
#     kinds: [Deployment.apps]
#     inventory:
#     - kind: PodDisruptionBudget.policy
package reeve.availability.budget

violation contains {
	"msg": sprintf("no PodDisruptionBudget in namespace %q; add one", [namespace]),
	"path": "spec.replicas",
} if {
	not data.inventory.namespace[namespace]["policy/v1"].PodDisruptionBudget
}

namespace := object.get(input.object.metadata, "namespace", "default")
