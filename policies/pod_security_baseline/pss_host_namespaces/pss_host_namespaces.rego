# METADATA
# title: Host Namespaces (Pod Security Standards, baseline)
# description: >-
#   The pod shares the network, the processes or the IPC of its node, so it sees and reaches what
#   belongs to the node and to other pods.
# custom:
#   reeve:
#     severity: high
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Remove hostNetwork, hostPID and hostIPC from the pod spec, or set them to false.
#       ```yaml
#       spec:
#         hostNetwork: false
#         hostPID: false
#         hostIPC: false
#       ```
#     controls:
#       pss: [baseline/hostNamespaces]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#       cis: ["5.2.3", "5.2.4", "5.2.5"]
#     aliases: [hostNamespaces]
#     parameters:
#       version:
#         type: string
#         default: latest
#         description: >-
#           Version of the Pod Security Standards, latest or v1.N; anything else means latest. This
#           control is the same in every version.
package reeve.pod_security_baseline.pss_host_namespaces

violation contains {
	"msg": concat("", [field, " is true; set it to false or remove it"]),
	"path": concat(".", [input.workload.path, field]),
} if {
	some field in shared
}

shared contains "hostNetwork" if input.workload.spec.hostNetwork == true

shared contains "hostPID" if input.workload.spec.hostPID == true

shared contains "hostIPC" if input.workload.spec.hostIPC == true
