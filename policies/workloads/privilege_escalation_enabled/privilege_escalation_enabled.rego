# METADATA
# title: Privilege escalation enabled
# description: >-
#   The container asks for privilege escalation: a setuid binary inside it can give a process more
#   rights than its parent has, root's among them.
# custom:
#   reeve:
#     severity: high
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Set allowPrivilegeEscalation to false. The field exists on containers only, not on the pod.
#       ```yaml
#       securityContext:
#         allowPrivilegeEscalation: false
#       ```
#     controls:
#       pss: [restricted/allowPrivilegeEscalation]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#       cis: ["5.2.6"]
#     aliases: [PrivilegeEscalationAllowed]
package reeve.workloads.privilege_escalation_enabled

# Unset means true to Kubernetes as well; that is for the rule privilege-escalation-not-disabled.
violation contains {
	"msg": "securityContext.allowPrivilegeEscalation is true; set it to false",
	"path": concat(".", [container.path, "securityContext.allowPrivilegeEscalation"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	container.spec.securityContext.allowPrivilegeEscalation == true
}
