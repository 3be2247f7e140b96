# METADATA
# title: Privilege escalation not disabled
# description: >-
#   The container does not set allowPrivilegeEscalation to false, so a setuid binary inside it can
#   give a process more rights than its parent has. Left unset, Kubernetes allows it.
# custom:
#   reeve:
#     severity: medium
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Set allowPrivilegeEscalation to false on every container. The field exists on containers
#       only, not on the pod.
#       ```yaml
#       securityContext:
#         allowPrivilegeEscalation: false
#       ```
#     controls:
#       pss: [restricted/allowPrivilegeEscalation]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#       cis: ["5.2.6"]
#     aliases: [allow_privilege_escalation]
package reeve.workloads.privilege_escalation_not_disabled

# Unset and null mean true to Kubernetes. The API server refuses the field on a Windows pod, so nobody
# can be asked to set it there.
violation contains {
	"msg": "securityContext.allowPrivilegeEscalation is not false; set it to false (unset, it is true)",
	"path": concat(".", [container.path, "securityContext.allowPrivilegeEscalation"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	not container.spec.securityContext.allowPrivilegeEscalation == false
	not input.workload.spec.os.name == "windows"
}
