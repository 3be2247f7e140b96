# METADATA
# title: Native, version 0
# custom:
#   reeve:
#     severity: high
#     kinds: [Pod]
package acme.native_v0

warn[{"msg": "native, version 0"}] {
	input.object.metadata.labels.breaks == "native-v0"
}
