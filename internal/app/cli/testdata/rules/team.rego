# METADATA
# title: Team label missing
# custom:
#   reeve:
#     severity: info
#     kinds: [Pod]
#     mode: "off"
package reeve.custom.team

violation contains {"msg": "the namespace has no label team"} if {
	not input.namespace.labels.team
}
