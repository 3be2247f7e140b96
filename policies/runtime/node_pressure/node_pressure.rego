# METADATA
# title: Node under pressure
# description: >-
#   A node runs out of memory, disk or process ids, or its network is not set up. The kubelet takes no
#   more pods and evicts those that are there.
# custom:
#   reeve:
#     severity: high
#     kinds: [Node]
#     mode: warn
#     doors: [scan]
#     remediation: |-
#       Find out what takes the memory, disk or process ids, and give the pods on the node requests and
#       limits that fit. Where the network is unavailable, look at the network plugin or the cloud's
#       route controller.
#       ```sh
#       kubectl describe node NODE
#       kubectl top pod --all-namespaces --sort-by=memory
#       df -h /var/lib/kubelet /var/lib/containerd   # on the node
#       ```
#     aliases: [NodeMemory, NodeDisk, NodeCPU]
package reeve.runtime.node_pressure

import data.reeve.lib.status

lacks := {
	"DiskPressure": "runs out of disk space or inodes",
	"MemoryPressure": "runs out of memory",
	"NetworkUnavailable": "has no network for its pods",
	"PIDPressure": "runs out of process ids",
}

violation contains {
	"msg": sprintf(
		"the node %s: condition %s is True since %s%s; find out what takes it or give the node more",
		[
			lacks[condition.type],
			condition.type,
			status.text(condition, "lastTransitionTime"),
			status.says("the condition", object.get(condition, "message", "")),
		],
	),
	"path": sprintf("status.conditions[%v].status", [i]),
} if {
	some i, condition in input.object.status.conditions
	condition.status == "True"
	lacks[condition.type]
}
