# METADATA
# title: Capability added
# description: >-
#   The container adds a Linux capability that is not on the list of those allowed. Every capability is
#   a part of root's power over the node.
# custom:
#   reeve:
#     severity: medium
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Remove the capability, or put it on the list in the parameter allowed where programs of yours
#       cannot do without.
#       ```yaml
#       securityContext:
#         capabilities:
#           drop: [ALL]
#       ```
#     controls:
#       pss: [baseline/capabilities, restricted/capabilities]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#       cis: ["5.2.9"]
#     aliases: [CAPABILITIES]
#     parameters:
#       allowed:
#         type: array
#         items: string
#         default: []
#         description: >-
#           Capabilities that containers may add, in any letter case, with or without CAP_; ALL allows
#           every one.
package reeve.workloads.capabilities_added

import data.reeve.lib.capability

violation contains {
	"msg": sprintf(
		"securityContext.capabilities.add has %q, which is not allowed; remove it, or allow it in the rule's parameter",
		[added],
	),
	"path": sprintf("%s.securityContext.capabilities.add[%v]", [container.path, i]),
	"container": container.name,
} if {
	some container in input.workload.containers
	some i, added in container.spec.securityContext.capabilities.add
	name := capability.normal(added)
	not name in permitted
	not "ALL" in permitted
}

permitted contains capability.normal(name) if some name in input.parameters.allowed
