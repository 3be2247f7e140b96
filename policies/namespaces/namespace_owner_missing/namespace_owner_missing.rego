# METADATA
# title: Namespace owner missing
# description: >-
#   The namespace says nowhere who owns it, so nobody knows whom to ask when something in it misbehaves
#   or costs money. Kubernetes' own namespaces are left out.
# custom:
#   reeve:
#     severity: low
#     kinds: [Namespace]
#     mode: warn
#     remediation: |-
#       Annotate the namespace with the team or person that answers for it.
#       ```yaml
#       metadata:
#         annotations:
#           owner: team-shop@example.com
#       ```
#     aliases: [NO_OWNER_ANNOTATION]
#     parameters:
#       keys:
#         type: array
#         items: string
#         default: [owner]
#         offWhileEmpty: true
#         description: Annotations of which at least one has to name the owner.
package reeve.namespaces.namespace_owner_missing

import data.reeve.lib.namespaces

violation contains {
	"msg": sprintf("no annotation names the owner; add %s", [concat(" or ", quoted)]),
	"path": "metadata.annotations",
} if {
	input.parameters.keys != []
	not named
	not input.object.metadata.name in namespaces.kubernetes
	not input.object.metadata.deletionTimestamp
}

named if {
	some key in input.parameters.keys
	owner := input.object.metadata.annotations[key]
	is_string(owner)
	trim_space(owner) != ""
}

quoted := [sprintf("%q", [key]) | some key in input.parameters.keys]
