# METADATA
# title: CPU limit missing
# description: >-
#   The container has no CPU limit, so one that runs wild takes all the time of its node that its
#   neighbours have not requested.
# custom:
#   reeve:
#     severity: low
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Set a limit well above what the container uses, as one that is hit slows every request down.
#       ```yaml
#       resources:
#         limits:
#           cpu: "1"
#       ```
#     controls:
#       nsa: ["Network separation and hardening: resource policies"]
#     aliases: [NoCPULimits, missing_limits]
package reeve.workloads.cpu_limits_missing

import data.reeve.lib.resources

# Ephemeral containers cannot have resources; what the pod sets as a whole covers every container.
violation contains {
	"msg": "resources.limits.cpu is missing or 0; limit it to well above what the container uses",
	"path": concat(".", [container.path, "resources.limits.cpu"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	object.get(container, ["spec", "resources", "limits", "cpu"], null) in resources.absent
	container.kind != "ephemeral"
	not resources.limited_by_pod.cpu
}
