# METADATA
# title: CPU request missing
# description: >-
#   The container requests no CPU, so the scheduler counts it as free: the node fills up, and under
#   load this container is the first that gets no time.
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
#           cpu: 100m
#       ```
#     controls:
#       nsa: ["Network separation and hardening: resource policies"]
#     aliases: [NoCPURequests, missing_requests]
package reeve.workloads.cpu_requests_missing

import data.reeve.lib.resources

# Ephemeral containers cannot have resources; what the pod sets as a whole covers every container.
violation contains {
	"msg": "resources.requests.cpu is missing or 0 and no CPU limit stands in for it; request what the container needs in normal work",
	"path": concat(".", [container.path, "resources.requests.cpu"]),
	"container": container.name,
} if {
	some container in input.workload.containers

	# The usual case first, which is the cheaper test: a limit may stand in for the request.
	object.get(container, ["spec", "resources", "requests", "cpu"], null) in resources.absent
	container.kind != "ephemeral"
	not resources.requested.cpu[container.path]
	not resources.requested_by_pod.cpu
}
