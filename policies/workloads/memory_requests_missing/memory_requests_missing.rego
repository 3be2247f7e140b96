# METADATA
# title: Memory request missing
# description: >-
#   The container requests no memory, so the scheduler counts it as free, and when the node runs out
#   of memory this container is among the first that are killed or evicted.
# custom:
#   reeve:
#     severity: medium
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Request what the container needs in normal work; what it uses can be seen with kubectl top. A
#       limit alone counts as a request of the same size.
#       ```yaml
#       resources:
#         requests:
#           memory: 128Mi
#       ```
#     controls:
#       nsa: ["Network separation and hardening: resource policies"]
#     aliases: [NoMemoryRequests, missing_requests]
package reeve.workloads.memory_requests_missing

import data.reeve.lib.resources

# Ephemeral containers cannot have resources; what the pod sets as a whole covers every container.
violation contains {
	"msg": "resources.requests.memory is missing or 0 and no memory limit stands in for it; request what the container needs in normal work",
	"path": concat(".", [container.path, "resources.requests.memory"]),
	"container": container.name,
} if {
	some container in input.workload.containers

	# The usual case first, which is the cheaper test: a limit may stand in for the request.
	object.get(container, ["spec", "resources", "requests", "memory"], null) in resources.absent
	container.kind != "ephemeral"
	not resources.requested.memory[container.path]
	not resources.requested_by_pod.memory
}
