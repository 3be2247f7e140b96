# METADATA
# title: Failed pod
# description: >-
#   A pod has ended in phase Failed: it was evicted, its node was shut down, its deadline has passed, or
#   a container failed for good. It stays in the cluster until somebody or the pod garbage collector
#   deletes it.
# custom:
#   reeve:
#     severity: medium
#     kinds: [Pod]
#     mode: warn
#     doors: [scan]
#     remediation: |-
#       Read why it failed and mend that, then delete what is left of it. Requests that fit the real
#       use keep a pod from being evicted first.
#       ```sh
#       kubectl describe pod POD
#       kubectl delete pod POD
#       ```
#     aliases: [pod-cleaner]
package reeve.runtime.pod_failed

import data.reeve.lib.status

violation contains {
	"msg": sprintf(
		"the pod has failed%s%s; read why with kubectl describe and delete it when it is not needed any more",
		[reason, status.says("its status", object.get(input.object.status, "message", ""))],
	),
	"path": "status.phase",
} if {
	input.object.status.phase == "Failed"
	not status.deleting
}

reason := sprintf(" with reason %q", [input.object.status.reason]) if {
	is_string(input.object.status.reason)
	input.object.status.reason != ""
} else := ""
