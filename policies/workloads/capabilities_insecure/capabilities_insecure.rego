# METADATA
# title: Insecure capability added
# description: >-
#   The container adds a Linux capability that runtimes grant by default and attacks make use of:
#   forging packets (NET_RAW), passing over file permissions (DAC_OVERRIDE), becoming another user
#   (SETUID). ALL and what reaches beyond the container is for the rule capabilities-high-risk.
# custom:
#   reeve:
#     severity: medium
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Drop ALL and run as a user that needs no capability: one that owns its files and listens on a
#       port from 1024.
#       ```yaml
#       securityContext:
#         runAsNonRoot: true
#         capabilities:
#           drop: [ALL]
#       ```
#     controls:
#       pss: [restricted/capabilities]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#       cis: ["5.2.8", "5.2.9"]
#     aliases: [InsecureCapabilities]
#     parameters:
#       capabilities:
#         type: array
#         items: string
#         default:
#         - CHOWN
#         - DAC_OVERRIDE
#         - FSETID
#         - FOWNER
#         - MKNOD
#         - NET_RAW
#         - SETGID
#         - SETUID
#         - SETFCAP
#         - NET_BIND_SERVICE
#         - SYS_CHROOT
#         - KILL
#         - AUDIT_WRITE
#         description: Capabilities no container may add, in any letter case, with or without CAP_.
package reeve.workloads.capabilities_insecure

import data.reeve.lib.capability

violation contains {
	"msg": sprintf(
		"securityContext.capabilities.add has %q; remove it and run as a user that does not need it",
		[added],
	),
	"path": sprintf("%s.securityContext.capabilities.add[%v]", [container.path, i]),
	"container": container.name,
} if {
	some container in input.workload.containers
	some i, added in container.spec.securityContext.capabilities.add
	capability.normal(added) in listed
}

listed contains capability.normal(name) if some name in input.parameters.capabilities
