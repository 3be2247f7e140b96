# METADATA
# title: AppArmor (Pod Security Standards, baseline)
# description: >-
#   The pod or container switches AppArmor off, or asks for it in a way that is none.
# custom:
#   reeve:
#     severity: high
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Remove the profile, to have the runtime's default one, or use RuntimeDefault or Localhost.
#       ```yaml
#       securityContext:
#         appArmorProfile:
#           type: RuntimeDefault
#       ```
#     controls:
#       pss: [baseline/appArmor]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#     aliases: [appArmorProfile]
#     parameters:
#       version:
#         type: string
#         default: latest
#         description: >-
#           Version of the Pod Security Standards, latest or v1.N; anything else means latest. This
#           control is the same in every version.
package reeve.pod_security_baseline.pss_app_armor

import data.reeve.lib.podsecurity

violation contains {
	"msg": sprintf(
		"the pod's securityContext.appArmorProfile.type is %s; use RuntimeDefault or Localhost, or remove the profile",
		[json.marshal(object.get(input.workload.spec.securityContext, ["appArmorProfile", "type"], ""))],
	),
	"path": concat(".", [input.workload.path, "securityContext.appArmorProfile.type"]),
} if {
	profile := input.workload.spec.securityContext.appArmorProfile
	podsecurity.unconfined(profile)
}

violation contains {
	"msg": sprintf(
		"securityContext.appArmorProfile.type is %s; use RuntimeDefault or Localhost, or remove the profile",
		[json.marshal(object.get(container, ["spec", "securityContext", "appArmorProfile", "type"], ""))],
	),
	"path": concat(".", [container.path, "securityContext.appArmorProfile.type"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	profile := container.spec.securityContext.appArmorProfile
	podsecurity.unconfined(profile)
}

# Before Kubernetes 1.30 profiles were annotations; they still count.
violation contains {
	"msg": sprintf(
		"the annotation %q is %s; use runtime/default or localhost/<profile>, or remove it",
		[key, json.marshal(value)],
	),
	"path": sprintf("%smetadata.annotations[%q]", [trim_suffix(input.workload.path, "spec"), key]),
} if {
	some key, value in input.workload.metadata.annotations
	startswith(key, "container.apparmor.security.beta.kubernetes.io/")
	not value in {"", null, "runtime/default"}
	not podsecurity.localhost(value)
}
