# METADATA
# title: Role can delete resources
# description: >-
#   The role lets its holder delete workloads, services, configuration, storage, namespaces or nodes,
#   and with them a running service or its data.
# custom:
#   reeve:
#     severity: medium
#     kinds: [Role.rbac.authorization.k8s.io, ClusterRole.rbac.authorization.k8s.io]
#     mode: warn
#     remediation: |-
#       Remove delete and deletecollection (a * in verbs includes both), or limit delete to the objects
#       it is needed for.
#       ```yaml
#       rules:
#       - apiGroups: [apps]
#         resources: [deployments]
#         verbs: [get, list, watch, update, patch]
#       ```
#     controls:
#       nsa: ["Authentication and authorization: role-based access control"]
#     aliases: [CanDeleteResources]
package reeve.rbac.rbac_delete_resources

import data.reeve.lib.rbac

# Workloads, services, configuration, storage, namespaces and nodes, by API group.
precious := object.union(rbac.workloads, {
	"": (rbac.workloads[""] | {
		"configmaps",
		"namespaces",
		"nodes",
		"persistentvolumeclaims",
		"persistentvolumes",
		"secrets",
		"services",
	}),
	"storage.k8s.io": {"storageclasses"},
})

violation contains {
	"msg": sprintf(
		"verbs %s on %s%s let the holder delete them; remove the verbs or limit them with resourceNames",
		[rbac.quoted(verbs), rbac.quoted(resources), rbac.narrowed(rule)],
	),
	"path": sprintf("rules[%v]", [i]),
} if {
	not rbac.bootstrap
	some i, rule in input.object.rules
	verbs := rbac.verbs(rule, {"delete", "deletecollection", "*"})
	count(verbs) > 0
	resources := rbac.matched(rule, precious)
	count(resources) > 0
}
