# METADATA
# title: Host IPC namespace
# description: >-
#   The pod shares the node's inter-process communication: it can read and change the shared memory,
#   semaphores and message queues of every process on the node.
# custom:
#   reeve:
#     severity: high
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Remove hostIPC. Containers of one pod share their IPC namespace without it; for shared memory
#       mount an emptyDir with medium Memory.
#       ```yaml
#       spec:
#         hostIPC: false
#       ```
#     controls:
#       pss: [baseline/hostNamespaces]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#       cis: ["5.2.4"]
#     aliases: [HostIPCAllowed]
package reeve.workloads.host_ipc

violation contains {
	"msg": "hostIPC is true; remove it from the pod spec (containers of one pod share IPC without it)",
	"path": concat(".", [input.workload.path, "hostIPC"]),
} if {
	input.workload.spec.hostIPC == true
}
