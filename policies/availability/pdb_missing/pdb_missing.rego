# METADATA
# title: Pod disruption budget missing
# description: >-
#   The workload runs two or more replicas and no PodDisruptionBudget of its namespace selects them, so
#   draining nodes, as every upgrade does, may evict all of them at once.
# custom:
#   reeve:
#     severity: low
#     kinds: [Deployment.apps, StatefulSet.apps]
#     mode: warn
#     remediation: |-
#       Add a PodDisruptionBudget that selects the pods' labels and leaves room for one eviction.
#       ```yaml
#       apiVersion: policy/v1
#       kind: PodDisruptionBudget
#       metadata:
#         name: web
#       spec:
#         maxUnavailable: 1
#         selector:
#           matchLabels:
#             app: web
#       ```
#     aliases: [pdb_missing]
#     inventory:
#     - kind: PodDisruptionBudget.policy
package reeve.availability.pdb_missing

import data.reeve.lib.selector

violation contains {
	"msg": sprintf(
		"%v replicas and no PodDisruptionBudget in namespace %q selects them; add one with maxUnavailable: 1",
		[input.object.spec.replicas, namespace],
	),
	"path": "spec.replicas",
} if {
	is_number(input.object.spec.replicas)
	input.object.spec.replicas >= 2
	not covered
}

covered if {
	some version, kinds in data.inventory.namespace[namespace]
	startswith(version, "policy/")
	some budget in kinds.PodDisruptionBudget
	selector.selects(budget.spec.selector, labels)
	not selects_none(version, budget.spec.selector)
}

# To policy/v1 an empty selector is all pods of the namespace, to policy/v1beta1 it was none.
selects_none("policy/v1beta1", {})

# A manifest may leave out its namespace.
namespace := name if {
	name := input.object.metadata.namespace
	is_string(name)
	name != ""
} else := "default"

# The labels of the pods that will be made.
labels := input.workload.metadata.labels if {
	is_object(input.workload.metadata.labels)
} else := {}
