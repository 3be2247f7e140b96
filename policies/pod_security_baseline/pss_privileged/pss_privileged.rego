# METADATA
# title: Privileged Containers (Pod Security Standards, baseline)
# description: >-
#   The container runs privileged, which switches off most of what keeps it apart from its node.
# custom:
#   reeve:
#     severity: critical
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Remove privileged, or set it to false. Where the program needs one right of the kernel, add
#       that capability instead, if the standard permits it.
#       ```yaml
#       securityContext:
#         privileged: false
#       ```
#     controls:
#       pss: [baseline/privileged]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#       cis: ["5.2.2"]
#     aliases: [privileged]
#     parameters:
#       version:
#         type: string
#         default: latest
#         description: >-
#           Version of the Pod Security Standards, latest or v1.N; anything else means latest. This
#           control is the same in every version.
package reeve.pod_security_baseline.pss_privileged

violation contains {
	"msg": "securityContext.privileged is true; set it to false or remove it",
	"path": concat(".", [container.path, "securityContext.privileged"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	container.spec.securityContext.privileged == true
}
