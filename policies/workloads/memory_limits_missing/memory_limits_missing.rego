# METADATA
# title: Memory limit missing
# description: >-
#   The container has no memory limit, so a leak grows until the node runs out of memory and its
#   neighbours are killed too.
# custom:
#   reeve:
#     severity: medium
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Set a limit with some room above what the container uses at its peak.
#       ```yaml
#       resources:
#         limits:
#           memory: 256Mi
#       ```
#     controls:
#       nsa: ["Network separation and hardening: resource policies"]
#     aliases: [NoMemoryLimits, missing_limits]
package reeve.workloads.memory_limits_missing

import data.reeve.lib.resources

# Ephemeral containers cannot have resources; what the pod sets as a whole covers every container.
violation contains {
	"msg": "resources.limits.memory is missing or 0; limit it to somewhat more than the container uses at its peak",
	"path": concat(".", [container.path, "resources.limits.memory"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	object.get(container, ["spec", "resources", "limits", "memory"], null) in resources.absent
	container.kind != "ephemeral"
	not resources.limited_by_pod.memory
}
