# METADATA
# title: Image digest missing
# description: >-
#   The image is not pinned by a digest. A tag can be moved to another image in the registry, so what
#   was tested need not be what runs.
# custom:
#   reeve:
#     severity: low
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Add the digest that the registry reports for the version, and let a bot keep it current.
#       ```yaml
#       image: registry.example.com/shop/web:1.4.2@sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
#       ```
#     controls:
#       nsa: ["Kubernetes Pod security: building secure container images"]
#     aliases: [image_not_pinned_digest]
package reeve.workloads.image_digest_missing

# A reference that does not parse names no image that a digest could pin.
violation contains {
	"msg": "the image is not pinned by a digest; add @sha256:... to its reference",
	"path": concat(".", [container.path, "image"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	container.image.digest == ""
	container.image.repository != ""
}
