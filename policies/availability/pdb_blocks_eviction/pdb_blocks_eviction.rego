# METADATA
# title: Pod disruption budget blocks every eviction
# description: >-
#   The PodDisruptionBudget can never allow a disruption: it permits none, or wants as many pods as
#   there are. Draining a node waits for it until somebody deletes the budget or the pods by hand.
# custom:
#   reeve:
#     severity: medium
#     kinds: [PodDisruptionBudget.policy]
#     mode: warn
#     remediation: |-
#       Allow one pod at a time to be evicted, and run one more than has to be there.
#       ```yaml
#       spec:
#         maxUnavailable: 1
#       ```
#     aliases: [disruption strategy]
#     inventory:
#     - kind: Deployment.apps
#       optional: true
#     - kind: StatefulSet.apps
#       optional: true
#     - kind: HorizontalPodAutoscaler.autoscaling
#       optional: true
package reeve.availability.pdb_blocks_eviction

import data.reeve.lib.inventory
import data.reeve.lib.selector

violation contains {
	"msg": sprintf("maxUnavailable is %v, so no pod can ever be evicted; set it to 1 or more", [input.object.spec.maxUnavailable]),
	"path": "spec.maxUnavailable",
} if {
	none(input.object.spec.maxUnavailable)
}

violation contains {
	"msg": sprintf("minAvailable is %v, so no pod can ever be evicted; use maxUnavailable: 1 instead", [input.object.spec.minAvailable]),
	"path": "spec.minAvailable",
} if {
	all_wanted
}

violation contains {
	"msg": sprintf(
		"minAvailable is %v of %v pods, so none can ever be evicted; lower it, or run more replicas",
		[input.object.spec.minAvailable, pods],
	),
	"path": "spec.minAvailable",
} if {
	not all_wanted
	pods > 0
	wanted(input.object.spec.minAvailable) >= pods
}

all_wanted if percentage(input.object.spec.minAvailable) >= 100

none(0)

none(value) if percentage(value) == 0

percentage(value) := to_number(trim_suffix(value, "%")) if {
	is_string(value)
	regex.match("^[0-9]+%$", value)
}

# The disruption controller rounds up.
wanted(value) := value if is_number(value)

wanted(value) := ceil((percentage(value) * pods) / 100)

# As many pods as there can be: what the workloads that the budget selects may have, or the disruption
# controller's own count where that is more, since others may run pods too.
pods := max(array.concat([sum([most(workload) | some workload in selected])], counted))

counted := [input.object.status.expectedPods] if {
	is_number(input.object.status.expectedPods)
} else := []

selected := [workload |
	some version, kinds in data.inventory.namespace[inventory.namespace]
	startswith(version, "apps/")
	some kind in ["Deployment", "StatefulSet"]
	some workload in kinds[kind]
	selector.selects(input.object.spec.selector, labels(workload))
	not selects_none(input.object.apiVersion, input.object.spec.selector)
]

labels(workload) := workload.spec.template.metadata.labels if {
	is_object(workload.spec.template.metadata.labels)
} else := {}

# To policy/v1 an empty selector is all pods of the namespace, to policy/v1beta1 it was none.
selects_none("policy/v1beta1", {})

# The most replicas a workload may have.
most(workload) := max(limits) if {
	limits := {autoscaler.spec.maxReplicas |
		some autoscaler in inventory.autoscalers(workload.kind, workload.metadata.name)
		is_number(autoscaler.spec.maxReplicas)
	}
	count(limits) > 0
} else := workload.spec.replicas if {
	is_number(workload.spec.replicas)
} else := 1
