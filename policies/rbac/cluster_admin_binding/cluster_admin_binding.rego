# METADATA
# title: Binding of cluster-admin
# description: >-
#   The binding gives cluster-admin to a subject that is not on the list of those who may have it: all
#   rights on everything, in the whole cluster or, with a RoleBinding, in one namespace.
# custom:
#   reeve:
#     severity: critical
#     kinds: [ClusterRoleBinding.rbac.authorization.k8s.io, RoleBinding.rbac.authorization.k8s.io]
#     mode: warn
#     remediation: |-
#       Bind a role that has only the rights the subject needs, or put the subject on the list in the
#       parameter allowedSubjects.
#       ```yaml
#       roleRef:
#         apiGroup: rbac.authorization.k8s.io
#         kind: ClusterRole
#         name: view
#       ```
#     controls:
#       nsa: ["Authentication and authorization: role-based access control"]
#       cis: ["5.1.1"]
#     aliases: [RBAC review]
#     parameters:
#       allowedSubjects:
#         type: array
#         items: object
#         default: []
#         description: >-
#           Subjects that may have cluster-admin, as {kind, name, namespace}; kind is User, Group or
#           ServiceAccount, namespace is for service accounts only.
package reeve.rbac.cluster_admin_binding

import data.reeve.lib.rbac

violation contains {
	"msg": sprintf(
		"cluster-admin is bound to %v %q; bind a role with only the rights it needs",
		[subject.kind, rbac.in_full(subject)],
	),
	"path": sprintf("subjects[%v]", [i]),
} if {
	input.object.roleRef.kind == "ClusterRole"
	input.object.roleRef.name == "cluster-admin"
	some i, subject in input.object.subjects
	is_string(subject.name)
	not built_in(subject)
	not allowed(subject)
}

# Kubernetes' own binding, as the API server creates it.
built_in(subject) if {
	subject.kind == "Group"
	subject.name == "system:masters"
	input.object.kind == "ClusterRoleBinding"
	input.object.metadata.name == "cluster-admin"
	input.object.metadata.labels["kubernetes.io/bootstrapping"] == "rbac-defaults"
}

allowed(subject) if {
	some entry in input.parameters.allowedSubjects
	entry.kind == subject.kind
	entry.name == subject.name
	object.get(entry, "namespace", "") == rbac.namespace(subject)
}
