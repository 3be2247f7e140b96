# METADATA
# title: Image registry not approved
# description: >-
#   The image does not come from one of the registries or repositories that are approved. The rule is
#   off while no registry is approved.
# custom:
#   reeve:
#     severity: high
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Copy the image to an approved registry and name it there, or approve its registry in the
#       parameter registries.
#       ```yaml
#       image: registry.example.com/mirror/nginx:1.27.2
#       ```
#     controls:
#       nsa: ["Kubernetes Pod security: building secure container images"]
#       cis: ["5.5.1"]
#     aliases: [IMAGE_REPO]
#     parameters:
#       registries:
#         type: array
#         items: string
#         default: []
#         offWhileEmpty: true
#         description: >-
#           Registries and repositories that are approved, as registry.example.com:5000/shop. An entry
#           covers whole path components (ghcr.io/shop covers ghcr.io/shop/web, not ghcr.io/shopping);
#           one that begins with no host is taken for one of docker.io.
package reeve.workloads.image_registry_not_approved

# A reference that does not parse is under no registry. An empty one is not filled in yet.
violation contains {
	"msg": sprintf(
		"image %q is not from an approved registry (%s); use an image from there",
		[container.image.reference, concat(", ", sort(approved))],
	),
	"path": concat(".", [container.path, "image"]),
	"container": container.name,
} if {
	input.parameters.registries != []
	some container in input.workload.containers
	container.image.reference != ""
	not covered(container.image)
}

covered(image) if {
	image.repository != ""
	name := sprintf("%s/%s", [lower(image.registry), image.repository])
	some entry in approved
	under(name, entry)
}

under(name, entry) if name == entry

under(name, entry) if startswith(name, concat("", [entry, "/"]))

approved contains entry if {
	some written in input.parameters.registries
	is_string(written)
	trimmed := trim(trim_space(written), "/")
	trimmed != ""
	entry := in_full(trimmed)
}

# As container runtimes read it, the first component is a host if it has a dot or a port, or is
# localhost.
in_full(entry) := concat("/", array.concat([host], array.slice(components, 1, count(components)))) if {
	components := split(entry, "/")
	is_host(components[0])
	host := docker_io(lower(components[0]))
} else := concat("/", ["docker.io", entry])

is_host(component) if contains(component, ".")

is_host(component) if contains(component, ":")

is_host("localhost")

docker_io(host) := "docker.io" if {
	host in {"index.docker.io", "registry-1.docker.io"}
} else := host
