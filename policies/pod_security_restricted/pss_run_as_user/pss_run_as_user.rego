# METADATA
# title: Running as Non-root user (Pod Security Standards, restricted)
# description: >-
#   The pod or container sets runAsUser to 0, which is root.
# custom:
#   reeve:
#     severity: medium
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Set runAsUser to any other number, or remove it and give the image a user that is not root.
#       ```yaml
#       securityContext:
#         runAsUser: 65532
#       ```
#     controls:
#       pss: [restricted/runAsUser]
#       nsa: ["Kubernetes Pod security: non-root containers"]
#       cis: ["5.2.7"]
#     aliases: [runAsUser]
#     parameters:
#       version:
#         type: string
#         default: latest
#         description: >-
#           Version of the Pod Security Standards, latest or v1.N; anything else means latest. The
#           control begins with v1.23; since v1.35 it does not apply to pods with hostUsers set to
#           false.
package reeve.pod_security_restricted.pss_run_as_user

import data.reeve.lib.podsecurity

violation contains {
	"msg": "the pod's securityContext.runAsUser is 0, which is root; use another number or remove it",
	"path": concat(".", [input.workload.path, "securityContext.runAsUser"]),
} if {
	input.workload.spec.securityContext.runAsUser == 0
	applies
}

violation contains {
	"msg": "securityContext.runAsUser is 0, which is root; use another number or remove it",
	"path": concat(".", [container.path, "securityContext.runAsUser"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	container.spec.securityContext.runAsUser == 0
	applies
}

applies if {
	not podsecurity.before(input.parameters.version, 23)
	not podsecurity.exempts_user_namespace(input.parameters.version)
}
