# METADATA
# title: Network policy missing
# description: >-
#   The namespace has workloads and no NetworkPolicy, so every pod of the cluster can reach its pods and
#   they can reach everything.
# custom:
#   reeve:
#     severity: medium
#     kinds: [Namespace]
#     mode: warn
#     doors: [scan]
#     remediation: |-
#       Deny what comes in by default, then allow what the namespace's services need.
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
#     aliases: [network_policy_missing]
#     inventory:
#     - kind: NetworkPolicy.networking.k8s.io
#     - kind: workload
#       sample: 1
package reeve.network.network_policy_missing

violation contains {
	"msg": sprintf(
		"namespace %q has workloads but no NetworkPolicy; add one that denies ingress by default",
		[input.object.metadata.name],
	),
	"path": "metadata.name",
} if {
	has_workload
	not has_policy

	# A namespace on its way out loses its objects one by one.
	not input.object.metadata.deletionTimestamp
}

has_workload if {
	some version, kinds in data.inventory.namespace[input.object.metadata.name]
	some kind in workloads[split(version, "/")[0]]
	some _ in kinds[kind]
}

has_policy if {
	some version, kinds in data.inventory.namespace[input.object.metadata.name]
	startswith(version, "networking.k8s.io/")
	some _ in kinds.NetworkPolicy
}

# The kinds that run pods, by the first part of their apiVersion. A PodTemplate runs nothing.
workloads := {
	"v1": {"Pod", "ReplicationController"},
	"apps": {"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
	"batch": {"CronJob", "Job"},
}
