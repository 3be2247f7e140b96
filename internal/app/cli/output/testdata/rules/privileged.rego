# METADATA
# title: Privileged container
# description: Whoever controls the container controls the node.
# custom:
#   reeve:
#     severity: critical
#     kinds: [workload]
#     mode: deny
#     remediation: |-
#       Set privileged to false,
#       or remove it.
#       ```yaml
#       securityContext:
#         privileged: false
#       ```
#       A single capability is often enough.
#     controls: {pss: [baseline/privileged], cis: ["5.2.2", "5.2.10"]}
#     aliases: [PRIVILEGED, allow_privilege_escalation, PrivilegedAllowed]
package reeve.workloads.privileged

violation contains {"msg": "x"} if input.workload.kind == "x"
