# METADATA
# title: Host Ports (Pod Security Standards, baseline)
# description: >-
#   The container takes a port of its node: it can be reached past Services and NetworkPolicies, and
#   can stand in the place of something of the node's own.
# custom:
#   reeve:
#     severity: high
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Remove hostPort and publish the port with a Service.
#       ```yaml
#       ports:
#       - name: http
#         containerPort: 8080
#       ```
#     controls:
#       pss: [baseline/hostPorts]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#       cis: ["5.2.13"]
#     aliases: [hostPorts]
#     parameters:
#       version:
#         type: string
#         default: latest
#         description: >-
#           Version of the Pod Security Standards, latest or v1.N; anything else means latest. This
#           control is the same in every version.
package reeve.pod_security_baseline.pss_host_ports

violation contains {
	"msg": sprintf("hostPort is %s; remove it and publish the port with a Service", [json.marshal(port.hostPort)]),
	"path": sprintf("%s.ports[%d].hostPort", [container.path, i]),
	"container": container.name,
} if {
	some container in input.workload.containers
	some i, port in container.spec.ports
	port.hostPort != 0
	port.hostPort != null
}
