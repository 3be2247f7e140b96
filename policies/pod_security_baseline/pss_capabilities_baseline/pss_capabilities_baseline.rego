# METADATA
# title: Capabilities (Pod Security Standards, baseline)
# description: >-
#   The container adds a capability beyond those a container runtime grants by default; NET_RAW,
#   which runtimes grant, must not be added either.
# custom:
#   reeve:
#     severity: high
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Add nothing but AUDIT_WRITE, CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, MKNOD,
#       NET_BIND_SERVICE, SETFCAP, SETGID, SETPCAP, SETUID or SYS_CHROOT, written in this way.
#       ```yaml
#       securityContext:
#         capabilities:
#           add: [NET_BIND_SERVICE]
#       ```
#     controls:
#       pss: [baseline/capabilities]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#       cis: ["5.2.8", "5.2.9"]
#     aliases: [capabilities_baseline]
#     parameters:
#       version:
#         type: string
#         default: latest
#         description: >-
#           Version of the Pod Security Standards, latest or v1.N; anything else means latest. This
#           control is the same in every version.
package reeve.pod_security_baseline.pss_capabilities_baseline

violation contains {
	"msg": sprintf("securityContext.capabilities.add has %s, which the baseline standard does not permit; remove it", [json.marshal(added)]),
	"path": sprintf("%s.securityContext.capabilities.add[%d]", [container.path, i]),
	"container": container.name,
} if {
	some container in input.workload.containers
	some i, added in container.spec.securityContext.capabilities.add
	not added in permitted
}

permitted := {
	"AUDIT_WRITE",
	"CHOWN",
	"DAC_OVERRIDE",
	"FOWNER",
	"FSETID",
	"KILL",
	"MKNOD",
	"NET_BIND_SERVICE",
	"SETFCAP",
	"SETGID",
	"SETPCAP",
	"SETUID",
	"SYS_CHROOT",
}
