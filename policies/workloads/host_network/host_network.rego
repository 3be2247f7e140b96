# METADATA
# title: Host network
# description: >-
#   The pod uses the node's network: it can listen on the node's ports, reach services bound to the
#   node's loopback address, watch the node's traffic, and no NetworkPolicy applies to it.
# custom:
#   reeve:
#     severity: high
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Remove hostNetwork and publish the port with a Service, or with a hostPort where the node's
#       address itself is needed.
#       ```yaml
#       spec:
#         hostNetwork: false
#       ```
#     controls:
#       pss: [baseline/hostNamespaces]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#       cis: ["5.2.5"]
#     aliases: [HostNetworkAllowed]
package reeve.workloads.host_network

violation contains {
	"msg": "hostNetwork is true; remove it from the pod spec and publish ports with a Service",
	"path": concat(".", [input.workload.path, "hostNetwork"]),
} if {
	input.workload.spec.hostNetwork == true
}
