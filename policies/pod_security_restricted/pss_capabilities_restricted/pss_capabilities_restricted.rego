# METADATA
# title: Capabilities (Pod Security Standards, restricted)
# description: >-
#   The container does not drop ALL capabilities, or adds another one than NET_BIND_SERVICE.
# custom:
#   reeve:
#     severity: medium
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Drop ALL, written in this way, and add at most NET_BIND_SERVICE.
#       ```yaml
#       securityContext:
#         capabilities:
#           drop: [ALL]
#           add: [NET_BIND_SERVICE]
#       ```
#     controls:
#       pss: [restricted/capabilities]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#       cis: ["5.2.8", "5.2.9", "5.2.10"]
#     aliases: [capabilities_restricted]
#     parameters:
#       version:
#         type: string
#         default: latest
#         description: >-
#           Version of the Pod Security Standards, latest or v1.N; anything else means latest. The
#           control begins with v1.22; since v1.25 it does not apply to Windows pods.
package reeve.pod_security_restricted.pss_capabilities_restricted

import data.reeve.lib.podsecurity

violation contains {
	"msg": "securityContext.capabilities.drop lacks \"ALL\"; drop ALL",
	"path": concat(".", [container.path, "securityContext.capabilities.drop"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	not container.spec.securityContext.capabilities.drop[0] == "ALL"
	not "ALL" in object.get(container, ["spec", "securityContext", "capabilities", "drop"], [])
	applies
}

violation contains {
	"msg": sprintf("securityContext.capabilities.add has %s; only NET_BIND_SERVICE may be added", [json.marshal(added)]),
	"path": sprintf("%s.securityContext.capabilities.add[%d]", [container.path, i]),
	"container": container.name,
} if {
	some container in input.workload.containers
	some i, added in container.spec.securityContext.capabilities.add
	added != "NET_BIND_SERVICE"
	applies
}

applies if {
	not podsecurity.before(input.parameters.version, 22)
	not podsecurity.exempts_windows(input.parameters.version)
}
