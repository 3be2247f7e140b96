# METADATA
# title: High-risk capability added
# description: >-
#   The container adds a Linux capability that lets it take over the node or its network, as
#   SYS_ADMIN, NET_ADMIN or simply ALL do.
# custom:
#   reeve:
#     severity: high
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Drop ALL capabilities and add only those the program cannot do without; NET_BIND_SERVICE is
#       the usual one.
#       ```yaml
#       securityContext:
#         capabilities:
#           drop: [ALL]
#           add: [NET_BIND_SERVICE]
#       ```
#     controls:
#       pss: [baseline/capabilities]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#       cis: ["5.2.9"]
#     aliases: [HighRiskCapabilities]
#     parameters:
#       capabilities:
#         type: array
#         items: string
#         default: [ALL, SYS_ADMIN, NET_ADMIN]
#         description: Capabilities no container may add, in any letter case, with or without CAP_.
package reeve.workloads.capabilities_high_risk

import data.reeve.lib.capability

violation contains {
	"msg": sprintf(
		"securityContext.capabilities.add has %q; remove it and add only the capability the program really needs",
		[added],
	),
	"path": sprintf("%s.securityContext.capabilities.add[%v]", [container.path, i]),
	"container": container.name,
} if {
	some container in input.workload.containers
	some i, added in container.spec.securityContext.capabilities.add
	capability.normal(added) in listed
}

listed contains capability.normal(name) if some name in input.parameters.capabilities

# To add all is to add those listed.
listed contains "ALL" if some _ in input.parameters.capabilities
