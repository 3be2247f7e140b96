# METADATA
# title: Running as Non-root (Pod Security Standards, restricted)
# description: >-
#   Nothing keeps the container from running as root, or the pod or container permits it explicitly.
# custom:
#   reeve:
#     severity: medium
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Set runAsNonRoot to true on the pod, for all its containers, and remove it where it is false.
#       ```yaml
#       spec:
#         securityContext:
#           runAsNonRoot: true
#       ```
#     controls:
#       pss: [restricted/runAsNonRoot]
#       nsa: ["Kubernetes Pod security: non-root containers"]
#       cis: ["5.2.7"]
#     aliases: [runAsNonRoot]
#     parameters:
#       version:
#         type: string
#         default: latest
#         description: >-
#           Version of the Pod Security Standards, latest or v1.N; anything else means latest. Since
#           v1.35 the control does not apply to pods with hostUsers set to false.
package reeve.pod_security_restricted.pss_run_as_non_root

import data.reeve.lib.podsecurity

# False on the pod counts even where every container says true.
violation contains {
	"msg": "the pod's securityContext.runAsNonRoot is false; set it to true",
	"path": concat(".", [input.workload.path, "securityContext.runAsNonRoot"]),
} if {
	input.workload.spec.securityContext.runAsNonRoot == false
	not podsecurity.exempts_user_namespace(input.parameters.version)
}

violation contains {
	"msg": "securityContext.runAsNonRoot is false; set it to true",
	"path": concat(".", [container.path, "securityContext.runAsNonRoot"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	container.spec.securityContext.runAsNonRoot == false
	not podsecurity.exempts_user_namespace(input.parameters.version)
}

violation contains {
	"msg": "securityContext.runAsNonRoot is true neither on the container nor on the pod; set it to true",
	"path": concat(".", [container.path, "securityContext.runAsNonRoot"]),
	"container": container.name,
} if {
	not input.workload.spec.securityContext.runAsNonRoot == true
	some container in input.workload.containers
	not container.spec.securityContext.runAsNonRoot == true
	not container.spec.securityContext.runAsNonRoot == false
	not podsecurity.exempts_user_namespace(input.parameters.version)
}
