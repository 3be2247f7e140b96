# METADATA
# title: Recent Warning Events
# description: >-
#   Components of the cluster have warned of an object within the window: its volume cannot be mounted,
#   its probe fails, the kernel has killed a process. Events of one object with one reason count as one
#   finding, which bears the name of the problem where the parameters know it.
# custom:
#   reeve:
#     severity: medium
#     kinds: [EventGroup.health.kubereeve.io]
#     mode: warn
#     doors: [scan]
#     remediation: |-
#       Read the Events in their order; the earliest often tells the cause of the others.
#       ```sh
#       kubectl get events --namespace NAMESPACE --sort-by=.lastTimestamp \
#         --field-selector type=Warning,involvedObject.name=NAME
#       ```
#     aliases:
#     - PodNoSuchFileOrDirectory
#     - PodIOError
#     - PodNoSuchDeviceOrAddress
#     - PodInvalidArgument
#     - PodDeviceOrResourceBusy
#     - PodFileExists
#     - PodTooManyOpenFiles
#     - PodNoSpaceLeftOnDevice
#     - NodeOOM
#     - NodeTaskHung
#     - NodeExt4Error
#     - NodeDockerHung
#     parameters:
#       windowMinutes:
#         type: integer
#         default: 60
#         description: Events last seen longer ago than this many minutes are no finding.
#       ignoredReasons:
#         type: array
#         items: string
#         default: []
#         description: Reasons of Events that are no finding.
#       additionalProblems:
#         type: array
#         items: object
#         default: []
#         description: Problems of your own, in the form of problems; they are looked at first.
#       problems:
#         type: array
#         items: object
#         default:
#         - {name: NoSpace, messages: [no space left on device, disk quota exceeded], advice: make room on the node or on the volume}
#         - {name: TooManyOpenFiles, messages: [too many open files], advice: raise the limit of open files or find out what leaks them}
#         - {name: IOError, messages: [input/output error, buffer i/o error], advice: look at the disk and at the kernel log of the node}
#         - {name: DeviceOrResourceBusy, messages: [device or resource busy], advice: find out what holds the device}
#         - {name: NoSuchDeviceOrAddress, messages: [no such device or address], advice: check the device that the pod asks for}
#         - {name: ReadonlyFilesystem, reasons: [FilesystemIsReadOnly], advice: check the node's disk and reboot the node}
#         - {name: ReadonlyFilesystem, messages: [remounting filesystem read-only], advice: check the node's disk and reboot the node}
#         - {name: OOMKilling, reasons: [OOMKilling, SystemOOM], advice: raise memory limits or find out what takes the memory}
#         - {name: OOMKilling, messages: [memory cgroup out of memory, 'out of memory: kill'], advice: raise memory limits or find out what takes the memory}
#         - {name: TaskHung, reasons: [TaskHung], advice: look for slow disks and network file systems; reboot the node if it does not end}
#         - {name: TaskHung, messages: [blocked for more than], advice: look for slow disks and network file systems; reboot the node if it does not end}
#         - {name: Ext4Error, reasons: [Ext4Error, Ext4Warning], advice: drain the node and check its file system}
#         - {name: KernelOops, reasons: [KernelOops], advice: reboot the node and update its kernel}
#         - {name: KernelOops, messages: ['kernel bug', null pointer dereference], advice: reboot the node and update its kernel}
#         - {name: KernelDeadlock, reasons: [KernelDeadlock, AUFSUmountHung], advice: reboot the node}
#         - {name: UnregisterNetDevice, reasons: [UnregisterNetDevice], advice: reboot the node and update its kernel}
#         - {name: MemoryReadError, reasons: [MemoryReadError, HardwareMemoryError, EDAC], advice: replace the node's memory}
#         - {name: DockerHung, reasons: [DockerHung], advice: restart the container runtime}
#         - {name: CorruptDockerImage, reasons: [CorruptDockerImage, CorruptDockerOverlay2], advice: remove the image from the node}
#         - {name: RuntimeRestarts, reasons: [FrequentKubeletRestart, FrequentDockerRestart, FrequentContainerdRestart], advice: read the component's log on the node}
#         - {name: NodeDown, reasons: [NodeNotReady, Rebooted, KubeletSetupFailed], advice: look at the node and its kubelet}
#         - {name: FailedMount, reasons: [FailedMount, FailedMapVolume], advice: 'check the volume, its Secret or ConfigMap and its driver'}
#         - {name: FailedAttachVolume, reasons: [FailedAttachVolume], advice: check whether another node still holds the volume}
#         - {name: ProvisioningFailed, reasons: [ProvisioningFailed, FailedBinding], advice: check the storage class and its provisioner}
#         - {name: ImagePullFailed, messages: [failed to pull image, back-off pulling image, errimagepull], advice: 'check the reference, the registry and the pull secret'}
#         - {name: BackOff, reasons: [BackOff], advice: read why the container ends with kubectl logs --previous}
#         - {name: Unhealthy, reasons: [Unhealthy, ProbeWarning], advice: read why the probe fails and give it time that fits}
#         - {name: FailedScheduling, reasons: [FailedScheduling], advice: make room or loosen what the pod asks of nodes}
#         - {name: Evicted, reasons: [Evicted, EvictionThresholdMet, FreeDiskSpaceFailed], advice: find out what the node runs out of}
#         - {name: ImageGCFailed, reasons: [ImageGCFailed, ContainerGCFailed], advice: make room on the node's disk}
#         - {name: SandboxFailed, reasons: [FailedCreatePodSandBox, FailedPodSandBoxStatus, NetworkNotReady], advice: look at the network plugin and the container runtime}
#         - {name: FailedKillPod, reasons: [FailedKillPod, ExceededGracePeriod], advice: look at the container runtime of the node}
#         - {name: FailedCreate, reasons: [FailedCreate, FailedDaemonPod], advice: 'check quota, limits and admission policies'}
#         - {name: JobFailed, reasons: [BackoffLimitExceeded, DeadlineExceeded], advice: read the logs of the Job's pods}
#         - {name: AutoscalingFailed, reasons: [FailedGetResourceMetric, FailedComputeMetricsReplicas, FailedGetScale], advice: check the metrics server and the pods' requests}
#         - {name: NoSuchFileOrDirectory, messages: [no such file or directory], advice: 'check commands, mounts and host paths'}
#         - {name: FileExists, messages: [file exists], advice: 'check what else writes there'}
#         - {name: InvalidArgument, messages: [invalid argument], advice: 'check mount options and what the container is started with'}
#         description: >-
#           Names for problems, as {name, reasons, messages, advice}: an Event is of the first whose
#           reasons hold its reason and one of whose messages is a part of its message, in any letter
#           case; either list may be missing. Other Events are named by their reason.
package reeve.runtime.warning_event

import data.reeve.lib.clock
import data.reeve.lib.status

violation contains {
	"msg": sprintf(
		"%s: %s %q has the Warning Event %q (count: %v, last seen: %s)%s; %s",
		[
			said_of("name", reason),
			involved("kind"),
			involved("name"),
			reason,
			object.get(input.object.status, "count", 1),
			input.object.status.lastSeen,
			status.says("it", object.get(input.object.status, "message", "")),
			said_of("advice", "see it in its context with kubectl describe"),
		],
	),
	# What kubectl get events --field-selector shows it with. It tells groups of one object's name apart.
	"path": sprintf("reason=%s,involvedObject.kind=%s", [reason, involved("kind")]),
} if {
	is_string(input.object.status.lastSeen)
	input.object.status.lastSeen >= clock.ago(input.parameters.windowMinutes)
	reason := input.object.spec.reason
	is_string(reason)
	not reason in input.parameters.ignoredReasons
}

involved(field) := input.object.spec.involvedObject[field] if {
	is_string(input.object.spec.involvedObject[field])
} else := ""

# What the parameters say of the problem that the Event tells of.
said_of(field, otherwise) := problems[0][field] if {
	is_string(problems[0][field])
} else := otherwise

# The problems that the Event may tell of; the first counts.
problems := [problem |
	some list in [input.parameters.additionalProblems, input.parameters.problems]
	some problem in list
	tells_of(problem)
]

tells_of(problem) if {
	input.object.spec.reason in problem.reasons
	not problem.messages
}

tells_of(problem) if {
	input.object.spec.reason in problem.reasons
	quotes(problem.messages)
}

tells_of(problem) if {
	not problem.reasons
	quotes(problem.messages)
}

quotes(messages) if {
	is_string(input.object.status.message)
	message := lower(input.object.status.message)
	some part in messages
	is_string(part)
	contains(message, lower(part))
}
