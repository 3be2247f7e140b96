# METADATA
# title: Role with wildcards
# custom:
#   reeve:
#     severity: high
#     kinds: [ClusterRole.rbac.authorization.k8s.io, Role.rbac.authorization.k8s.io]
package reeve.rbac.role

violation contains {
	"msg": "verbs has \"*\"; list the verbs that are needed",
	"path": sprintf("rules[%d].verbs", [i]),
} if {
	some i, r in input.object.rules
	"*" in r.verbs
}
