# METADATA
# title: Container failed and stays down
# description: >-
#   A main or init container has ended with a non-zero exit code and is not started again: its restart
#   policy forbids it, or the pod has ended. Containers that the kubelet will restart are left to
#   pod-crash-looping; sidecars and debug containers may end as they like.
# custom:
#   reeve:
#     severity: medium
#     kinds: [Pod]
#     mode: warn
#     doors: [scan]
#     remediation: |-
#       Read why the container ended, mend that, and delete the pod or let its Job run again. A
#       container that should be started again needs a restart policy that says so.
#       ```yaml
#       spec:
#         restartPolicy: OnFailure
#       ```
#     aliases: [pod-cleaner]
package reeve.runtime.pod_container_failed

import data.reeve.lib.status

violation contains {
	"msg": sprintf(
		"has ended with exit code %v%s and is not started again%s; read why with kubectl logs",
		[code, reason(container.state.terminated), status.says("the kubelet", message(container.state.terminated))],
	),
	"path": sprintf("status.%s[%v].state.terminated.exitCode", [list, i]),
	"container": status.text(container, "name"),
} if {
	some list in ["containerStatuses", "initContainerStatuses"]
	some i, container in input.object.status[list]
	code := container.state.terminated.exitCode
	is_number(code)
	code != 0
	not status.deleting
	name := status.text(container, "name")
	not sidecar(list, name)
	not restarted(list, name, code)
}

reason(ended) := sprintf(" (%s)", [ended.reason]) if {
	is_string(ended.reason)
	ended.reason != ""
} else := ""

message(ended) := object.get(ended, "message", "")

specs := {"containerStatuses": "containers", "initContainerStatuses": "initContainers"}

# The kubelet stops sidecars when the pod has done its work, and restarts them until then.
sidecar("initContainerStatuses", name) if {
	some container in input.object.spec.initContainers
	container.name == name
	container.restartPolicy == "Always"
}

restarted(list, name, code) if {
	not ended
	restarts(list, name, code)
}

ended if input.object.status.phase in {"Failed", "Succeeded"}

# The kubelet looks at the container's own rules first, then at its own policy, then at the pod's.
restarts(list, name, code) if {
	some container in input.object.spec[specs[list]]
	container.name == name
	some rule in container.restartPolicyRules
	rule.action in {"Restart", "RestartAllContainers"}
	covers(rule.exitCodes, code)
}

restarts(list, name, _) if own_policy(list, name) in {"Always", "OnFailure"}

restarts(list, name, _) if {
	own_policy(list, name) == ""
	not input.object.spec.restartPolicy == "Never"
}

# The container's own restart policy; empty where it has none.
own_policy(list, name) := container.restartPolicy if {
	container := [written | some written in input.object.spec[specs[list]]; written.name == name][0]
	is_string(container.restartPolicy)
} else := ""

covers(codes, code) if {
	codes.operator == "In"
	code in codes.values
}

covers(codes, code) if {
	codes.operator == "NotIn"
	not code in codes.values
}
