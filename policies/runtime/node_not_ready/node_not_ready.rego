# METADATA
# title: Node not ready
# description: >-
#   A node's kubelet says that it is not ready, or has not been heard of for so long that nobody knows.
#   The node takes no pods, and after some minutes its pods are evicted.
# custom:
#   reeve:
#     severity: critical
#     kinds: [Node]
#     mode: warn
#     doors: [scan]
#     remediation: |-
#       Look at the node: is it up, does it reach the API server, and do kubelet and container runtime
#       run?
#       ```sh
#       kubectl describe node NODE
#       systemctl status kubelet containerd   # on the node
#       journalctl -u kubelet --since -1h
#       ```
#     aliases: [KubeletHealthStatus]
package reeve.runtime.node_not_ready

import data.reeve.lib.status

violation contains {
	"msg": sprintf(
		"the node is not ready: condition Ready is %q (%s) since %s%s; look at its kubelet and container runtime",
		[
			sprintf("%v", [object.get(condition, "status", "")]),
			status.text(condition, "reason"),
			status.text(condition, "lastTransitionTime"),
			status.says("the condition", object.get(condition, "message", "")),
		],
	),
	"path": sprintf("status.conditions[%v].status", [i]),
} if {
	some i, condition in input.object.status.conditions
	condition.type == "Ready"
	not condition.status == "True"
}
