# METADATA
# title: Single replica
# description: >-
#   The workload runs one replica and nothing scales it, so it is gone while its node is drained or its
#   pod restarts.
# custom:
#   reeve:
#     severity: low
#     kinds: [Deployment.apps, StatefulSet.apps]
#     mode: warn
#     remediation: |-
#       Run two replicas or more, or let a HorizontalPodAutoscaler decide.
#       ```yaml
#       spec:
#         replicas: 2
#       ```
#     aliases: [SINGLE_REPLICA]
#     inventory:
#     - kind: HorizontalPodAutoscaler.autoscaling
package reeve.workloads.single_replica

import data.reeve.lib.inventory

# Replicas that are not set are 1.
violation contains {
	"msg": "one replica and no HorizontalPodAutoscaler; set replicas to 2 or more",
	"path": "spec.replicas",
} if {
	is_object(input.object.spec)
	object.get(input.object.spec, "replicas", null) in {1, null}
	not scaled
}

scaled if count(inventory.autoscalers(input.object.kind, input.object.metadata.name)) > 0
