# METADATA
# title: Privileged container
# description: The container sees every device of the node.
# custom:
#   reeve:
#     severity: critical
#     kinds: [workload]
#     mode: deny
#     remediation: |-
#       Remove privileged, or set
#       it to false.
#       ```yaml
#       securityContext:
#         privileged: false
#       ```
#     controls:
#       pss: [baseline/privileged]
#     aliases: [PrivilegedAllowed]
package reeve.workloads.privileged

violation contains {
	"msg": "securityContext.privileged is true; set it to false or remove it",
	"path": concat(".", [container.path, "securityContext.privileged"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	container.spec.securityContext.privileged == true
}
