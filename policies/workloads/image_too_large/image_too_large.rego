# METADATA
# title: Image too large
# description: >-
#   The image takes more room on the nodes than the limit allows. A large image starts late on a new
#   node, fills its disk, and brings along programs that an attacker can use. Sizes are those that nodes
#   report of images they have; an image that no node has is no finding.
# custom:
#   reeve:
#     severity: low
#     kinds: [workload]
#     mode: warn
#     doors: [scan]
#     remediation: |-
#       Build in one stage and copy the result into a small base image in another.
#       ```dockerfile
#       FROM golang:1.25 AS build
#       RUN CGO_ENABLED=0 go build -o /web ./cmd/web
#       FROM gcr.io/distroless/static
#       COPY --from=build /web /web
#       ```
#     controls:
#       nsa: ["Kubernetes Pod security: building secure container images"]
#     aliases: [IMAGE_SIZE]
#     parameters:
#       maxBytes:
#         type: integer
#         default: 800000000
#         description: The largest size allowed, in bytes.
#     inventory:
#     - kind: Node
package reeve.workloads.image_too_large

violation contains {
	"msg": sprintf(
		"image %q takes %v MB on a node, more than %v MB; build it smaller",
		[container.image.reference, ceil(bytes / 100000) / 10, floor(input.parameters.maxBytes / 100000) / 10],
	),
	"path": concat(".", [container.path, "image"]),
	"container": container.name,
} if {
	count(large) > 0
	some container in input.workload.containers
	container.image.repository != ""
	found := large & names(container.image)
	count(found) > 0
	bytes := max({size |
		some image in over
		some name in image.names
		name in found
		size := image.sizeBytes
	})
}

large := {name | some image in over; some name in image.names}

# The images over the limit on the node that a pod runs on, or on any node for what has not come to one.
# Large clusters have tens of thousands of images, so each is reached in one step.
over contains data.inventory.cluster.v1.Node[node].status.images[i] if {
	placed
	node := input.workload.spec.nodeName
	some i
	data.inventory.cluster.v1.Node[node].status.images[i].sizeBytes > input.parameters.maxBytes
	is_number(data.inventory.cluster.v1.Node[node].status.images[i].sizeBytes)
}

over contains data.inventory.cluster.v1.Node[node].status.images[i] if {
	not placed
	some node, i
	data.inventory.cluster.v1.Node[node].status.images[i].sizeBytes > input.parameters.maxBytes
	is_number(data.inventory.cluster.v1.Node[node].status.images[i].sizeBytes)
}

placed if {
	is_string(input.workload.spec.nodeName)
	input.workload.spec.nodeName != ""
}

# A node lists an image by its tags and its digests. What pulls by digest does not look at the tag.
names(image) := {concat("@", [name, image.digest]) | some name in spellings(image)} if {
	image.digest != ""
} else := {concat(":", [name, image.tag]) | some name in spellings(image)} if {
	image.tag != ""
} else := {concat(":", [name, "latest"]) | some name in spellings(image)}

# Some runtimes leave out what docker.io stands for.
spellings(image) := {full, image.repository, trim_prefix(image.repository, "library/")} if {
	image.registry == "docker.io"
	full := concat("/", [image.registry, image.repository])
} else := {concat("/", [image.registry, image.repository])}
