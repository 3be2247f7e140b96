# METADATA
# title: /proc Mount Type (Pod Security Standards, restricted)
# description: >-
#   The container asks for /proc without the masks that hide the node's kernel from it. The
#   restricted standard refuses that even in a user namespace, where the baseline standard permits it
#   since v1.35.
# custom:
#   reeve:
#     severity: medium
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Remove procMount, or set it to Default.
#       ```yaml
#       securityContext:
#         procMount: Default
#       ```
#     controls:
#       pss: [restricted/procMount]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#     aliases: [procMount_restricted]
#     parameters:
#       version:
#         type: string
#         default: latest
#         description: >-
#           Version of the Pod Security Standards, latest or v1.N; anything else means latest. The
#           control begins with v1.35; before, the baseline control covers it.
package reeve.pod_security_restricted.pss_proc_mount_restricted

import data.reeve.lib.podsecurity

violation contains {
	"msg": sprintf("securityContext.procMount is %s; set it to Default or remove it", [json.marshal(mount)]),
	"path": concat(".", [container.path, "securityContext.procMount"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	mount := container.spec.securityContext.procMount
	not mount in {null, "Default"}
	not podsecurity.before(input.parameters.version, 35)
}
