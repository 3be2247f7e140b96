# METADATA
# title: Node problem
# description: >-
#   A condition of a node that is not one of Kubernetes' own is True, as node-problem-detector sets it
#   when the kernel hangs, a file system has become read-only, or the container runtime keeps
#   restarting. Conditions whose names end in Ready or Healthy are good when they are True.
# custom:
#   reeve:
#     severity: high
#     kinds: [Node]
#     mode: warn
#     doors: [scan]
#     remediation: |-
#       Drain the node and look at its kernel log; most of these problems end with a reboot or a new
#       machine.
#       ```sh
#       kubectl drain NODE --ignore-daemonsets --delete-emptydir-data
#       journalctl -k --since -1h   # on the node
#       ```
#     aliases:
#     - NodeDeadlock
#     - NodeCorruptOverlay2
#     - NodeCorruptDockerImage
#     - NodeUnregisterNetDevice
#     - NodeKernelNULLPointer
#     - NodeExt4Error
#     - NodeTaskHung
#     - NodeDockerHung
#     - NodeAUFSUmountHung
#     - DockerHealthStatus
#     parameters:
#       problems:
#         type: object
#         default:
#           ContainerRuntimeProblem: the container runtime does not work
#           ContainerRuntimeUnhealthy: the container runtime does not work
#           CorruptDockerOverlay2: Docker's overlay2 storage is corrupt
#           FilesystemCorruptionProblem: a file system is corrupt
#           FrequentContainerdRestart: containerd keeps restarting
#           FrequentDockerRestart: Docker keeps restarting
#           FrequentKubeletRestart: the kubelet keeps restarting
#           FrequentUnregisterNetDevice: network devices cannot be removed
#           KernelDeadlock: the kernel hangs
#           KubeletProblem: the kubelet does not work
#           KubeletUnhealthy: the kubelet does not work
#           NTPProblem: the clock is not synchronised
#           ReadonlyFilesystem: a file system has become read-only
#           XfsShutdown: an XFS file system has shut down
#         description: What conditions mean, by type, for the message. Other types are found as well.
#       ignoredConditions:
#         type: array
#         items: string
#         default: []
#         description: Types of conditions that are no problem when they are True.
package reeve.runtime.node_problem

import data.reeve.lib.status

# Kubernetes' own, past and present: other rules judge them.
own := {
	"ConfigOK",
	"DiskPressure",
	"KubeletConfigOk",
	"MemoryPressure",
	"NetworkUnavailable",
	"OutOfDisk",
	"PIDPressure",
	"Ready",
}

violation contains {
	"msg": sprintf(
		"%s: condition %q is True (%s) since %s%s; drain the node and look at its kernel log",
		[
			meaning(condition.type),
			condition.type,
			status.text(condition, "reason"),
			status.text(condition, "lastTransitionTime"),
			status.says("the condition", object.get(condition, "message", "")),
		],
	),
	"path": sprintf("status.conditions[%v].status", [i]),
} if {
	some i, condition in input.object.status.conditions
	condition.status == "True"
	is_string(condition.type)
	not condition.type in own
	not good(condition.type)
	not condition.type in input.parameters.ignoredConditions
}

good(type) if endswith(type, "Ready")

# "Unhealthy" does not end in it: the letter case differs.
good(type) if endswith(type, "Healthy")

meaning(type) := text if {
	text := input.parameters.problems[type]
	is_string(text)
} else := "the node has a problem"
