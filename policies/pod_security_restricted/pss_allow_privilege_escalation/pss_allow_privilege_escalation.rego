# METADATA
# title: Privilege Escalation (Pod Security Standards, restricted)
# description: >-
#   The container does not set allowPrivilegeEscalation to false, so a setuid binary inside it can
#   give a process more rights than its parent has.
# custom:
#   reeve:
#     severity: medium
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Set allowPrivilegeEscalation to false on every container.
#       ```yaml
#       securityContext:
#         allowPrivilegeEscalation: false
#       ```
#     controls:
#       pss: [restricted/allowPrivilegeEscalation]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#       cis: ["5.2.6"]
#     aliases: [allowPrivilegeEscalation]
#     parameters:
#       version:
#         type: string
#         default: latest
#         description: >-
#           Version of the Pod Security Standards, latest or v1.N; anything else means latest. The
#           control begins with v1.8; since v1.25 it does not apply to Windows pods.
package reeve.pod_security_restricted.pss_allow_privilege_escalation

import data.reeve.lib.podsecurity

violation contains {
	"msg": "securityContext.allowPrivilegeEscalation is not false; set it to false (unset, it is true)",
	"path": concat(".", [container.path, "securityContext.allowPrivilegeEscalation"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	not container.spec.securityContext.allowPrivilegeEscalation == false
	not podsecurity.before(input.parameters.version, 8)
	not podsecurity.exempts_windows(input.parameters.version)
}
