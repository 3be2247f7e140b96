# METADATA
# title: Host process namespace
# description: >-
#   The pod shares the node's process namespace: it sees every process of the node with its
#   environment, and together with enough rights it can signal or trace them.
# custom:
#   reeve:
#     severity: high
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Remove hostPID. To look at the processes of a neighbouring container, use
#       shareProcessNamespace, which stays within the pod.
#       ```yaml
#       spec:
#         hostPID: false
#       ```
#     controls:
#       pss: [baseline/hostNamespaces]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#       cis: ["5.2.3"]
#     aliases: [HostPIDAllowed]
package reeve.workloads.host_pid

violation contains {
	"msg": "hostPID is true; remove it from the pod spec (shareProcessNamespace stays within the pod)",
	"path": concat(".", [input.workload.path, "hostPID"]),
} if {
	input.workload.spec.hostPID == true
}
