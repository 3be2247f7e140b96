# METADATA
# title: Seccomp profile not RuntimeDefault
# description: >-
#   The container runs with every system call of the kernel at hand: its seccomp profile, its own or
#   else the pod's, is neither RuntimeDefault nor Localhost. Most ways out of a container begin with a
#   system call that the runtime's profile refuses.
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
#     aliases: [seccomp_not_runtime_default]
package reeve.workloads.seccomp_not_runtime_default

# The API server refuses the field on a Windows pod, so nobody can be asked to set it there.
violation contains {
	"msg": "securityContext.seccompProfile is RuntimeDefault or Localhost neither on the container nor on the pod; set it to type: RuntimeDefault",
	"path": concat(".", [container.path, "securityContext.seccompProfile"]),
	"container": container.name,
} if {
	not confined_by_pod
	some container in input.workload.containers
	not container.spec.securityContext.seccompProfile.type == "RuntimeDefault"
	not container.spec.securityContext.seccompProfile.type == "Localhost"
	not input.workload.spec.os.name == "windows"
}

# The container's own profile overrides the pod's; null is none.
violation contains {
	"msg": "securityContext.seccompProfile overrides the pod's and is neither RuntimeDefault nor Localhost; remove it or set it to type: RuntimeDefault",
	"path": concat(".", [container.path, "securityContext.seccompProfile"]),
	"container": container.name,
} if {
	confined_by_pod
	some container in input.workload.containers
	container.spec.securityContext.seccompProfile != null
	not container.spec.securityContext.seccompProfile.type == "RuntimeDefault"
	not container.spec.securityContext.seccompProfile.type == "Localhost"
	not input.workload.spec.os.name == "windows"
}

confined_by_pod if input.workload.spec.securityContext.seccompProfile.type in {"RuntimeDefault", "Localhost"}
