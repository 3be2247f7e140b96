# METADATA
# title: Native, version 1
# custom:
#   reeve:
#     severity: high
#     kinds: [Pod]
package acme.native_v1

deny contains {"msg": "native, version 1", "path": "metadata.labels"} if {
	input.object.metadata.labels.breaks == "native-v1"
}
