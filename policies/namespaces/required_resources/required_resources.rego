# METADATA
# title: Required resource missing
# description: >-
#   The namespace lacks an object that every namespace has to have, such as a ResourceQuota. The rule is
#   off while nothing is required, and leaves Kubernetes' own namespaces out.
# custom:
#   reeve:
#     severity: medium
#     kinds: [Namespace]
#     mode: warn
#     doors: [scan]
#     remediation: |-
#       Create the object in the namespace.
#       ```yaml
#       apiVersion: v1
#       kind: ResourceQuota
#       metadata:
#         name: compute
#       spec:
#         hard:
#           requests.cpu: "10"
#           requests.memory: 20Gi
#       ```
#     controls:
#       nsa: ["Network separation and hardening: resource policies"]
#     aliases: [REQUIRED_RESOURCES]
#     parameters:
#       required:
#         type: array
#         items: object
#         default: []
#         offWhileEmpty: true
#         description: >-
#           What every namespace has to have, as {kind, apiVersion}; apiVersion may be left out. kind is
#           ResourceQuota, LimitRange, NetworkPolicy, PodDisruptionBudget or RoleBinding.
#     inventory:
#     - kind: ResourceQuota
#       sample: 1
#     - kind: LimitRange
#       sample: 1
#     - kind: NetworkPolicy.networking.k8s.io
#       sample: 1
#     - kind: PodDisruptionBudget.policy
#       sample: 1
#     - kind: RoleBinding.rbac.authorization.k8s.io
#       sample: 1
package reeve.namespaces.required_resources

import data.reeve.lib.namespaces

# The API group of every kind that the rule looks for, with "" for the core group.
groups := {
	"ResourceQuota": "",
	"LimitRange": "",
	"NetworkPolicy": "networking.k8s.io",
	"PodDisruptionBudget": "policy",
	"RoleBinding": "rbac.authorization.k8s.io",
}

violation contains {
	"msg": sprintf("namespace %q has no %s; create one", [input.object.metadata.name, entry.kind]),
	"path": "metadata.name",
} if {
	some entry in input.parameters.required
	known(entry)
	not input.object.metadata.name in namespaces.kubernetes
	not has(entry.kind)
	not input.object.metadata.deletionTimestamp
}

# Silence about an entry that can never be found missing would be taken for good news.
violation contains {
	"msg": sprintf(
		"the parameter required has %v, which this rule does not look for; use one of the kinds %s",
		[entry, concat(", ", sort(object.keys(groups)))],
	),
	"path": "metadata.name",
} if {
	some entry in input.parameters.required
	not known(entry)
	not input.object.metadata.name in namespaces.kubernetes
}

known(entry) if {
	wanted := groups[entry.kind]
	group(object.get(entry, "apiVersion", null), wanted) == wanted
}

has(kind) if {
	some version, kinds in data.inventory.namespace[input.object.metadata.name]
	group(version, "") == groups[kind]
	some _ in kinds[kind]
}

# The group of an apiVersion; that of an absent one is what it should be.
group(version, _) := split(version, "/")[0] if {
	is_string(version)
	contains(version, "/")
}

group("v1", _) := ""

group(null, wanted) := wanted
