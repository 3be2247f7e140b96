# METADATA
# title: Role bound to the default service account
# description: >-
#   The binding gives a role to the default service account of a namespace, by name or with all service
#   accounts. Every pod that names no account of its own then has the role.
# custom:
#   reeve:
#     severity: medium
#     kinds: [ClusterRoleBinding.rbac.authorization.k8s.io, RoleBinding.rbac.authorization.k8s.io]
#     mode: warn
#     remediation: |-
#       Create a service account for the program that needs the role, bind the role to it, and name it
#       in the pod.
#       ```yaml
#       subjects:
#       - kind: ServiceAccount
#         name: deployer
#         namespace: ci
#       ```
#     controls:
#       nsa: ["Authentication and authorization: role-based access control"]
#       cis: ["5.1.5"]
package reeve.rbac.default_service_account_bound

import data.reeve.lib.rbac

violation contains {
	"msg": sprintf(
		"%v %q is bound to %s; bind it to a service account of the program that needs it",
		[input.object.roleRef.kind, input.object.roleRef.name, who],
	),
	"path": sprintf("subjects[%v]", [i]),
} if {
	some i, subject in input.object.subjects
	who := default_account(subject)
	not rbac.bootstrap
}

default_account(subject) := sprintf("the default service account of namespace %q", [rbac.namespace(subject)]) if {
	subject.kind == "ServiceAccount"
	subject.name == "default"
}

# A service account's name as a user.
default_account(subject) := sprintf("the default service account of namespace %q", [namespace]) if {
	subject.kind == "User"
	is_string(subject.name)
	["system", "serviceaccount", namespace, "default"] = split(subject.name, ":")
}

default_account(subject) := "all service accounts, default ones among them" if {
	subject.kind == "Group"
	subject.name == "system:serviceaccounts"
}

default_account(subject) := sprintf("all service accounts of namespace %q, the default one among them", [namespace]) if {
	subject.kind == "Group"
	is_string(subject.name)
	["system", "serviceaccounts", namespace] = split(subject.name, ":")
}
