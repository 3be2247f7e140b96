# METADATA
# title: Host port
# description: >-
#   The container publishes a port on the address of its node: past every Service and, with most
#   network plugins, past every NetworkPolicy. Only one such pod fits on a node.
# custom:
#   reeve:
#     severity: medium
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
#     aliases: [HostPortAllowed]
package reeve.workloads.host_port

violation contains {
	"msg": sprintf("ports[%v].hostPort is %v; remove it and publish the port with a Service", [i, port.hostPort]),
	"path": sprintf("%s.ports[%v].hostPort", [container.path, i]),
	"container": container.name,
} if {
	some container in input.workload.containers
	some i, port in container.spec.ports
	port.hostPort != 0
	is_number(port.hostPort)
}
