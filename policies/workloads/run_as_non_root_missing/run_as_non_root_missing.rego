# METADATA
# title: Run as non-root missing
# description: >-
#   Nothing keeps the container from running as root: runAsNonRoot is true neither on the container
#   nor, where the container does not say, on the pod. Root in a container is root on the node as soon
#   as anything else fails.
# custom:
#   reeve:
#     severity: medium
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Set runAsNonRoot on the pod, for all its containers, and give the image a numeric user.
#       ```yaml
#       spec:
#         securityContext:
#           runAsNonRoot: true
#           runAsUser: 65532
#       ```
#     controls:
#       pss: [restricted/runAsNonRoot]
#       nsa: ["Kubernetes Pod security: non-root containers"]
#       cis: ["5.2.7"]
#     aliases: [NotRunAsNonRoot]
package reeve.workloads.run_as_non_root_missing

violation contains {
	"msg": "securityContext.runAsNonRoot is true neither on the container nor on the pod; set it to true",
	"path": concat(".", [container.path, "securityContext.runAsNonRoot"]),
	"container": container.name,
} if {
	not input.workload.spec.securityContext.runAsNonRoot == true
	some container in input.workload.containers
	not container.spec.securityContext.runAsNonRoot == true
}

# The container's own word overrides the pod's; null is no word.
violation contains {
	"msg": "securityContext.runAsNonRoot is false and overrides the pod's true; set it to true or remove it",
	"path": concat(".", [container.path, "securityContext.runAsNonRoot"]),
	"container": container.name,
} if {
	input.workload.spec.securityContext.runAsNonRoot == true
	some container in input.workload.containers
	container.spec.securityContext.runAsNonRoot == false
}
