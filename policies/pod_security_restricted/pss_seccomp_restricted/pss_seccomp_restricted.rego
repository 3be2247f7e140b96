# METADATA
# title: Seccomp (Pod Security Standards, restricted)
# description: >-
#   The container's system calls are not filtered: neither the container nor the pod sets a seccomp
#   profile, or one of them sets one that is none.
# custom:
#   reeve:
#     severity: medium
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Set the profile on the pod, for all its containers.
#       ```yaml
#       spec:
#         securityContext:
#           seccompProfile:
#             type: RuntimeDefault
#       ```
#     controls:
#       pss: [restricted/seccomp]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#       cis: ["5.7.2"]
#     aliases: [seccompProfile_restricted]
#     parameters:
#       version:
#         type: string
#         default: latest
#         description: >-
#           Version of the Pod Security Standards, latest or v1.N; anything else means latest. The
#           control begins with v1.19; since v1.25 it does not apply to Windows pods.
package reeve.pod_security_restricted.pss_seccomp_restricted

import data.reeve.lib.podsecurity

# A bad profile on the pod counts even where every container has its own.
violation contains {
	"msg": sprintf("the pod's securityContext.seccompProfile.type is %s; use RuntimeDefault or Localhost", [type]),
	"path": concat(".", [input.workload.path, "securityContext.seccompProfile.type"]),
} if {
	profile := input.workload.spec.securityContext.seccompProfile
	podsecurity.unconfined(profile)
	applies
	type := json.marshal(object.get(input.workload.spec.securityContext, ["seccompProfile", "type"], ""))
}

violation contains {
	"msg": sprintf("securityContext.seccompProfile.type is %s; use RuntimeDefault or Localhost", [type]),
	"path": concat(".", [container.path, "securityContext.seccompProfile.type"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	profile := container.spec.securityContext.seccompProfile
	not profile.type == "RuntimeDefault"
	podsecurity.unconfined(profile)
	applies
	type := json.marshal(object.get(container, ["spec", "securityContext", "seccompProfile", "type"], ""))
}

violation contains {
	"msg": "neither the container nor the pod sets securityContext.seccompProfile; set its type to RuntimeDefault",
	"path": concat(".", [container.path, "securityContext.seccompProfile"]),
	"container": container.name,
} if {
	not input.workload.spec.securityContext.seccompProfile.type == "RuntimeDefault"
	not input.workload.spec.securityContext.seccompProfile.type == "Localhost"
	some container in input.workload.containers
	object.get(container, ["spec", "securityContext", "seccompProfile"], null) == null
	applies
}

applies if {
	not podsecurity.before(input.parameters.version, 19)
	not podsecurity.exempts_windows(input.parameters.version)
}
