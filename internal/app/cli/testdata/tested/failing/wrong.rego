# METADATA
# title: Label missing
# description: Nobody knows whose it is.
# custom:
#   reeve:
#     severity: low
#     kinds: [Namespace]
#     parameters:
#       labels: {type: array, items: string, default: [team]}
package reeve.tested.wrong

violation contains {"msg": sprintf("label %q is missing; set it", [label]), "path": "metadata.labels"} if {
	some label in input.parameters.labels
	object.get(input.object, ["metadata", "labels", label], "") == ""
}
