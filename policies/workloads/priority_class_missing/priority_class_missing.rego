# METADATA
# title: Priority class missing
# description: >-
#   The pod names no priority class, so the scheduler does not know whether to keep it or its neighbours
#   when room runs out.
# custom:
#   reeve:
#     severity: info
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Agree on a few PriorityClasses and name one.
#       ```yaml
#       spec:
#         priorityClassName: business
#       ```
#     aliases: [NoPriorityClassName]
package reeve.workloads.priority_class_missing

violation contains {
	"msg": "priorityClassName is not set; name a PriorityClass that says how important the pod is",
	"path": concat(".", [input.workload.path, "priorityClassName"]),
} if {
	object.get(input.workload, ["spec", "priorityClassName"], null) in {null, ""}
}
