# METADATA
# title: /proc Mount Type (Pod Security Standards, baseline)
# description: >-
#   The container asks for /proc without the masks that hide the node's kernel from it, outside of a
#   user namespace of its own.
# custom:
#   reeve:
#     severity: high
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Remove procMount, or set it to Default. A program that needs an unmasked /proc, such as a
#       nested container runtime, belongs in a pod with hostUsers set to false.
#       ```yaml
#       securityContext:
#         procMount: Default
#       ```
#     controls:
#       pss: [baseline/procMount]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#     aliases: [procMount]
#     parameters:
#       version:
#         type: string
#         default: latest
#         description: >-
#           Version of the Pod Security Standards, latest or v1.N; anything else means latest. Since
#           v1.35 the control does not apply to pods with hostUsers set to false.
package reeve.pod_security_baseline.pss_proc_mount

import data.reeve.lib.podsecurity

violation contains {
	"msg": sprintf("securityContext.procMount is %s; set it to Default or remove it", [json.marshal(mount)]),
	"path": concat(".", [container.path, "securityContext.procMount"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	mount := container.spec.securityContext.procMount
	not mount in {null, "Default"}
	not podsecurity.exempts_user_namespace(input.parameters.version)
}
