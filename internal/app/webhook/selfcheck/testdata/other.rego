# METADATA
# title: No pods
# custom:
#   reeve: {severity: low, kinds: [Pod]}
package reeve.custom.no_pods

violation contains {"msg": "no pods"} if {
	input.object.kind == "Pod"
}
