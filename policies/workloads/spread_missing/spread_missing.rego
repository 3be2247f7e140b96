# METADATA
# title: Spread over nodes missing
# description: >-
#   The workload has two or more replicas and nothing that keeps them apart, so the scheduler may put
#   them all on one node, and with that node all are gone.
# custom:
#   reeve:
#     severity: low
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Spread the replicas over the nodes, better still over the zones.
#       ```yaml
#       spec:
#         topologySpreadConstraints:
#         - maxSkew: 1
#           topologyKey: kubernetes.io/hostname
#           whenUnsatisfiable: ScheduleAnyway
#           labelSelector:
#             matchLabels:
#               app.kubernetes.io/name: web
#       ```
#     aliases: [scheduling safety]
package reeve.workloads.spread_missing

violation contains {
	"msg": sprintf(
		"%v replicas and neither topologySpreadConstraints nor podAntiAffinity; add a constraint that spreads them over nodes",
		[input.object.spec.replicas],
	),
	"path": concat(".", [input.workload.path, "topologySpreadConstraints"]),
} if {
	input.object.spec.replicas >= 2
	is_number(input.object.spec.replicas)
	not spread
}

spread if {
	some _ in input.workload.spec.topologySpreadConstraints
}

spread if {
	some _ in input.workload.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution
}

spread if {
	some _ in input.workload.spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution
}
