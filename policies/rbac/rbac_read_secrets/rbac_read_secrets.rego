# METADATA
# title: Role can read all secrets
# description: >-
#   The ClusterRole lets its holder read secrets in every namespace: the passwords and tokens of
#   everybody. A ClusterRole that only RoleBindings refer to is no finding; a binding of one of
#   Kubernetes' own roles that can read secrets, such as edit, to the whole cluster is.
# custom:
#   reeve:
#     severity: high
#     kinds: [ClusterRole.rbac.authorization.k8s.io, ClusterRoleBinding.rbac.authorization.k8s.io]
#     mode: warn
#     remediation: |-
#       Give the right in the namespaces where it is needed, with a Role and a RoleBinding, and to the
#       secrets that are needed.
#       ```yaml
#       apiVersion: rbac.authorization.k8s.io/v1
#       kind: Role
#       metadata:
#         name: database-password
#         namespace: shop
#       rules:
#       - apiGroups: [""]
#         resources: [secrets]
#         resourceNames: [database]
#         verbs: [get]
#       ```
#     controls:
#       nsa: ["Authentication and authorization: role-based access control"]
#       cis: ["5.1.2"]
#     inventory:
#     - kind: ClusterRole.rbac.authorization.k8s.io
#       optional: true
#     - kind: ClusterRoleBinding.rbac.authorization.k8s.io
#       optional: true
#     - kind: RoleBinding.rbac.authorization.k8s.io
#       optional: true
package reeve.rbac.rbac_read_secrets

import data.reeve.lib.rbac
import data.reeve.lib.selector

violation contains {
	"msg": sprintf(
		"verbs %s on %s%s let the holder read secrets in every namespace; use a Role, or remove the verbs",
		[rbac.quoted(verbs), rbac.quoted(resources), rbac.narrowed(rule)],
	),
	"path": sprintf("rules[%v]", [i]),
} if {
	input.object.kind == "ClusterRole"
	not rbac.bootstrap
	some i, rule in input.object.rules
	resources := rbac.matched(rule, {"": {"secrets"}})
	count(resources) > 0
	verbs := rbac.verbs(rule, {"get", "list", "watch", "*"})
	count(verbs) > 0
	not only_in_namespaces
}

# Kubernetes' own roles are no findings themselves. Everybody knows what cluster-admin is; it has a rule
# of its own.
violation contains {
	"msg": sprintf(
		"the ClusterRole %q lets the binding's subjects read secrets in every namespace; use a RoleBinding, or a role without secrets",
		[input.object.roleRef.name],
	),
	"path": "roleRef.name",
} if {
	input.object.kind == "ClusterRoleBinding"
	input.object.roleRef.kind == "ClusterRole"
	input.object.roleRef.name != "cluster-admin"
	not rbac.bootstrap
	some _ in input.object.subjects
	some role in roles
	role.metadata.name == input.object.roleRef.name
	role.metadata.labels["kubernetes.io/bootstrapping"] == "rbac-defaults"
	some rule in role.rules
	count(rbac.matched(rule, {"": {"secrets"}})) > 0
	count(rbac.verbs(rule, {"get", "list", "watch", "*"})) > 0
}

# A ClusterRole gives what it has in the namespaces of the RoleBindings that refer to it. One that
# nothing refers to yet may be bound to anything.
only_in_namespaces if {
	bound_in_namespace
	not bound_to_cluster
	not collected_by_another
}

bound_in_namespace if {
	some versions in data.inventory.namespace
	some version, kinds in versions
	startswith(version, "rbac.authorization.k8s.io/")
	some binding in kinds.RoleBinding
	refers(binding)
}

bound_to_cluster if {
	some version, kinds in data.inventory.cluster
	startswith(version, "rbac.authorization.k8s.io/")
	some binding in kinds.ClusterRoleBinding
	refers(binding)
}

# What another role collects is bound wherever that one is.
collected_by_another if {
	some role in roles
	some wanted in role.aggregationRule.clusterRoleSelectors
	selector.selects(wanted, labels)
}

labels := input.object.metadata.labels if {
	is_object(input.object.metadata.labels)
} else := {}

refers(binding) if {
	binding.roleRef.kind == "ClusterRole"
	binding.roleRef.name == input.object.metadata.name
}

roles := [role |
	some version, kinds in data.inventory.cluster
	startswith(version, "rbac.authorization.k8s.io/")
	some role in kinds.ClusterRole
]
