# METADATA
# title: HostProcess (Pod Security Standards, baseline)
# description: >-
#   A Windows container runs as HostProcess: it runs on the node itself with the rights of its user
#   there, by default those of an administrator.
# custom:
#   reeve:
#     severity: critical
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Remove hostProcess, or set it to false, on the pod and on every container.
#       ```yaml
#       securityContext:
#         windowsOptions:
#           hostProcess: false
#       ```
#     controls:
#       pss: [baseline/hostProcess]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#       cis: ["5.2.11"]
#     aliases: [windowsHostProcess]
#     parameters:
#       version:
#         type: string
#         default: latest
#         description: >-
#           Version of the Pod Security Standards, latest or v1.N; anything else means latest. This
#           control is the same in every version.
package reeve.pod_security_baseline.pss_host_process

violation contains {
	"msg": "the pod's securityContext.windowsOptions.hostProcess is true; set it to false or remove it",
	"path": concat(".", [input.workload.path, "securityContext.windowsOptions.hostProcess"]),
} if {
	input.workload.spec.securityContext.windowsOptions.hostProcess == true
}

violation contains {
	"msg": "securityContext.windowsOptions.hostProcess is true; set it to false or remove it",
	"path": concat(".", [container.path, "securityContext.windowsOptions.hostProcess"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	container.spec.securityContext.windowsOptions.hostProcess == true
}
