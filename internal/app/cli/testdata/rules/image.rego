# METADATA
# title: Image from a registry that is not on the list of those this company trusts
# custom:
#   reeve:
#     severity: medium
#     kinds: [workload]
#     parameters:
#       registries:
#         type: array
#         items: string
#         default: [registry.example.com, mirror.example.com]
#         description: Registries that images may come from.
package reeve.workloads.image

violation contains {
	"msg": sprintf("image %q comes from %s; use one of %s", [container.image.reference, container.image.registry, concat(" or ", input.parameters.registries)]),
	"path": concat(".", [container.path, "image"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	not container.image.registry in {r | some r in input.parameters.registries}
}
