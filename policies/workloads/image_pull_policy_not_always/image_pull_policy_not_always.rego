# METADATA
# title: Image pull policy not Always
# description: >-
#   The image is not pinned by a digest and its pull policy is not Always. A node that has an image of
#   that name runs it whatever the registry holds by now, and without asking whether the pod may have it.
# custom:
#   reeve:
#     severity: low
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Set imagePullPolicy to Always, which downloads only what has changed, or pin the image by its
#       digest.
#       ```yaml
#       imagePullPolicy: Always
#       ```
#     controls:
#       nsa: ["Kubernetes Pod security: building secure container images"]
#     aliases: [ImagePullPolicyNotAlways]
package reeve.workloads.image_pull_policy_not_always

# Not set is no finding: the API server fills it in according to the tag.
violation contains {
	"msg": "imagePullPolicy is not Always and the image is not pinned by a digest; set it to Always or pin the image",
	"path": concat(".", [container.path, "imagePullPolicy"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	policy := container.spec.imagePullPolicy
	not policy in {"Always", "", null}
	container.image.digest == ""
	container.image.repository != ""
	is_string(policy)
}
