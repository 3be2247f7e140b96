# METADATA
# title: Privileged container
# description: >-
#   The container runs privileged: it sees every device of the node and holds every capability,
#   so whoever controls the container controls the node.
# custom:
#   reeve:
#     severity: critical
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Remove privileged, or set it to false. Where the program needs one particular right of the
#       kernel, add that single capability instead.
#       ```yaml
#       securityContext:
#         privileged: false
#       ```
#     controls:
#       pss: [baseline/privileged]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#       cis: ["5.2.2"]
#     aliases: [PrivilegedAllowed, PRIVILEGED]
package reeve.workloads.privileged_container

violation contains {
	"msg": "securityContext.privileged is true; set it to false or remove it",
	"path": concat(".", [container.path, "securityContext.privileged"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	container.spec.securityContext.privileged == true
}
