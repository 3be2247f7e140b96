# METADATA
# title: Image tag latest
# description: >-
#   The image is pulled by the tag "latest", which moves: what runs changes without a change to the
#   manifest, and a rollback brings nothing back.
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
#     aliases: [ImageTagIsLatest, latest_tag]
package reeve.workloads.image_tag_latest

# Beside a digest the tag is decoration: the digest decides what is pulled. A reference that does not
# parse has no tag and is no finding of this rule.
violation contains {
	"msg": sprintf("image %q has the tag \"latest\"; name a version, better still a digest", [container.image.reference]),
	"path": concat(".", [container.path, "image"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	container.image.tag == "latest"
	container.image.digest == ""
}
