# METADATA
# title: Binding to anonymous users
# description: >-
#   The binding gives a role to requests without a login: to system:anonymous or to the group
#   system:unauthenticated. Whoever reaches the API server's port has the role.
# custom:
#   reeve:
#     severity: critical
#     kinds: [ClusterRoleBinding.rbac.authorization.k8s.io, RoleBinding.rbac.authorization.k8s.io]
#     mode: warn
#     remediation: |-
#       Remove the subject, and give programs a service account of their own.
#       ```yaml
#       subjects:
#       - kind: ServiceAccount
#         name: monitoring
#         namespace: monitoring
#       ```
#     controls:
#       nsa: ["Authentication and authorization: authentication"]
package reeve.rbac.binding_anonymous

violation contains {
	"msg": sprintf(
		"%s %q is bound to %s %q, which is everybody without a login; remove the subject",
		[input.object.roleRef.kind, input.object.roleRef.name, subject.kind, subject.name],
	),
	"path": sprintf("subjects[%v]", [i]),
} if {
	some i, subject in input.object.subjects
	anonymous[subject.kind] == subject.name
	not built_in
}

anonymous := {"User": "system:anonymous", "Group": "system:unauthenticated"}

# The version and health of the API server, which the API server itself makes public.
built_in if {
	input.object.kind == "ClusterRoleBinding"
	input.object.metadata.name == "system:public-info-viewer"
	input.object.metadata.labels["kubernetes.io/bootstrapping"] == "rbac-defaults"
	input.object.roleRef.name == "system:public-info-viewer"
}

# What a node has to read before it has a login when kubeadm joins it: one ConfigMap.
built_in if {
	input.object.kind == "RoleBinding"
	input.object.metadata.namespace == "kube-public"
	input.object.metadata.name == "kubeadm:bootstrap-signer-clusterinfo"
	input.object.roleRef.kind == "Role"
	input.object.roleRef.name == "kubeadm:bootstrap-signer-clusterinfo"
}
