# METADATA
# title: Image tag missing
# description: >-
#   The image reference has neither a tag nor a digest, so the runtime pulls whatever "latest" points
#   at when the pod happens to start: two replicas can run different programs.
# custom:
#   reeve:
#     severity: medium
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Name a version, better still a digest.
#       ```yaml
#       image: registry.example.com/shop/web:1.4.2
#       ```
#     controls:
#       nsa: ["Kubernetes Pod security: building secure container images"]
#     aliases: [ImageTagMiss]
package reeve.workloads.image_tag_missing

# An empty reference or one that does not parse has no tag either, but naming a version would not mend
# it: the kubelet reports it as InvalidImageName. It is no finding of this rule.
violation contains {
	"msg": sprintf("image %q has neither tag nor digest; name a version, better still a digest", [container.image.reference]),
	"path": concat(".", [container.path, "image"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	container.image.tag == ""
	container.image.digest == ""
	container.image.repository != ""
}
