# METADATA
# title: Seccomp (Pod Security Standards, baseline)
# description: >-
#   The pod or container switches off the filter of system calls, seccomp, so that the whole kernel
#   is open to whoever breaks into the container.
# custom:
#   reeve:
#     severity: high
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Set the type to RuntimeDefault or Localhost, or remove the profile.
#       ```yaml
#       securityContext:
#         seccompProfile:
#           type: RuntimeDefault
#       ```
#     controls:
#       pss: [baseline/seccomp]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#       cis: ["5.7.2"]
#     aliases: [seccompProfile_baseline]
#     parameters:
#       version:
#         type: string
#         default: latest
#         description: >-
#           Version of the Pod Security Standards, latest or v1.N; anything else means latest. Before
#           v1.19 the control is about annotations, since then about the fields.
package reeve.pod_security_baseline.pss_seccomp_baseline

import data.reeve.lib.podsecurity

violation contains {
	"msg": sprintf("the pod's securityContext.seccompProfile.type is %s; use RuntimeDefault or Localhost, or remove the profile", [type]),
	"path": concat(".", [input.workload.path, "securityContext.seccompProfile.type"]),
} if {
	profile := input.workload.spec.securityContext.seccompProfile
	podsecurity.unconfined(profile)
	not podsecurity.before(input.parameters.version, 19)
	type := json.marshal(object.get(input.workload.spec.securityContext, ["seccompProfile", "type"], ""))
}

violation contains {
	"msg": sprintf("securityContext.seccompProfile.type is %s; use RuntimeDefault or Localhost, or remove the profile", [type]),
	"path": concat(".", [container.path, "securityContext.seccompProfile.type"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	profile := container.spec.securityContext.seccompProfile
	not profile.type == "RuntimeDefault"
	podsecurity.unconfined(profile)
	not podsecurity.before(input.parameters.version, 19)
	type := json.marshal(object.get(container, ["spec", "securityContext", "seccompProfile", "type"], ""))
}

# Before v1.19 profiles are annotations.
violation contains {
	"msg": sprintf("the annotation %q is %s; use runtime/default or localhost/<profile>, or remove it", [key, json.marshal(value)]),
	"path": sprintf("%smetadata.annotations[%q]", [trim_suffix(input.workload.path, "spec"), key]),
} if {
	input.parameters.version != "latest"
	podsecurity.before(input.parameters.version, 19)
	some key in annotation_keys
	value := input.workload.metadata.annotations[key]
	not value in {"runtime/default", "docker/default"}
	not podsecurity.localhost(value)
}

# An annotation counts for the pod and for containers it has.
annotation_keys contains "seccomp.security.alpha.kubernetes.io/pod"

annotation_keys contains concat("", ["container.seccomp.security.alpha.kubernetes.io/", container.name]) if {
	some container in input.workload.containers
}
