# METADATA
# title: Role with | wildcards
# description: More than anybody needs.
# custom:
#   reeve:
#     severity: low
#     kinds: [ClusterRole.rbac.authorization.k8s.io, Role.rbac.authorization.k8s.io]
#     controls: {cis: ["5.1.3"]}
#     aliases: [RBAC review]
package reeve.rbac.wildcard

violation contains {"msg": "x"} if input.object.kind == "x"
