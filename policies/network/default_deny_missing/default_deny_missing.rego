# METADATA
# title: Default deny of ingress missing
# description: >-
#   The namespace has workloads and no NetworkPolicy that denies all of its pods whatever no other policy
#   allows. A pod that is new, or labelled in another way, is then open to every pod of the cluster.
# custom:
#   reeve:
#     severity: low
#     kinds: [Namespace]
#     mode: warn
#     doors: [scan]
#     remediation: |-
#       Deny ingress to all pods of the namespace; other policies then allow what is needed.
#       ```yaml
#       apiVersion: networking.k8s.io/v1
#       kind: NetworkPolicy
#       metadata:
#         name: default-deny-ingress
#       spec:
#         podSelector: {}
#         policyTypes: [Ingress]
#       ```
#     controls:
#       nsa: ["Network separation and hardening: network policies"]
#       cis: ["5.3.2"]
#     aliases: [networking posture]
#     inventory:
#     - kind: NetworkPolicy.networking.k8s.io
#     - kind: workload
#       sample: 1
package reeve.network.default_deny_missing

import data.reeve.lib.inventory

violation contains {
	"msg": sprintf(
		"namespace %q has no NetworkPolicy that denies ingress to all of its pods; add one with podSelector: {} and no ingress rules",
		[input.object.metadata.name],
	),
	"path": "metadata.name",
} if {
	inventory.runs_pods(input.object.metadata.name)
	not denied

	# A namespace on its way out loses its objects one by one.
	not input.object.metadata.deletionTimestamp
}

denied if {
	some version, kinds in data.inventory.namespace[input.object.metadata.name]
	startswith(version, "networking.k8s.io/")
	some policy in kinds.NetworkPolicy
	selects_all(object.get(policy, ["spec", "podSelector"], null))
	on_ingress(object.get(policy, ["spec", "policyTypes"], null))
	object.get(policy, ["spec", "ingress"], null) in {null, []}
}

# An absent selector is an empty one, which selects all.
selects_all(null)

selects_all(selector) if {
	is_object(selector)
	object.get(selector, "matchLabels", null) in {null, {}}
	object.get(selector, "matchExpressions", null) in {null, []}
}

# Without types a policy is on ingress, whatever else it is on.
on_ingress(types) if types in {null, []}

on_ingress(types) if "Ingress" in types
