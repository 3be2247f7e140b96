# METADATA
# title: Role with wildcards
# description: >-
#   One policy rule of the role allows every verb on every resource. It also covers what is added to
#   the cluster later, secrets and the rights to give out more rights included.
# custom:
#   reeve:
#     severity: critical
#     kinds: [Role.rbac.authorization.k8s.io, ClusterRole.rbac.authorization.k8s.io]
#     mode: warn
#     remediation: |-
#       List the resources and the verbs that are needed.
#       ```yaml
#       rules:
#       - apiGroups: [""]
#         resources: [configmaps]
#         verbs: [get, list, watch]
#       ```
#     controls:
#       nsa: ["Authentication and authorization: role-based access control"]
#       cis: ["5.1.3"]
package reeve.rbac.rbac_wildcard

import data.reeve.lib.rbac

violation contains {
	"msg": sprintf(
		"verb \"*\" on resource \"*\" of API groups %s%s allows everything there; list the resources and verbs that are needed",
		[groups, rbac.narrowed(rule)],
	),
	"path": sprintf("rules[%v]", [i]),
} if {
	not rbac.bootstrap
	some i, rule in input.object.rules
	"*" in rule.verbs
	"*" in rule.resources
	groups := rbac.quoted(rule.apiGroups)
	groups != ""
}
