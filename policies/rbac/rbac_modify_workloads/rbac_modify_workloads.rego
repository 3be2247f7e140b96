# METADATA
# title: Role can modify workloads
# description: >-
#   The role lets its holder create, change or delete pods or the controllers that make pods. Who can
#   create a pod can use every service account and read every secret of its namespace.
# custom:
#   reeve:
#     severity: medium
#     kinds: [Role.rbac.authorization.k8s.io, ClusterRole.rbac.authorization.k8s.io]
#     mode: warn
#     remediation: |-
#       Leave reading verbs only, and let a deployment pipeline with a role of its own do the changes.
#       ```yaml
#       rules:
#       - apiGroups: [apps]
#         resources: [deployments]
#         verbs: [get, list, watch]
#       ```
#     controls:
#       nsa: ["Authentication and authorization: role-based access control"]
#       cis: ["5.1.4"]
#     aliases: [CanModifyWorkloads]
package reeve.rbac.rbac_modify_workloads

import data.reeve.lib.rbac

writing := {"create", "update", "patch", "delete", "deletecollection", "*"}

violation contains {
	"msg": sprintf(
		"verbs %s on %s%s let the holder change what runs; leave get, list and watch only",
		[rbac.quoted(verbs), rbac.quoted(resources), rbac.narrowed(rule)],
	),
	"path": sprintf("rules[%v]", [i]),
} if {
	not rbac.bootstrap
	some i, rule in input.object.rules
	verbs := rbac.verbs(rule, writing)
	count(verbs) > 0
	resources := rbac.matched(rule, rbac.workloads)
	count(resources) > 0
}
