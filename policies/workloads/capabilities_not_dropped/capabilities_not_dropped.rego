# METADATA
# title: Capabilities not dropped
# description: >-
#   The container does not drop ALL capabilities, so it keeps the runtime's default set: among others
#   it can forge network packets (NET_RAW), change file owners and switch users.
# custom:
#   reeve:
#     severity: medium
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Drop ALL and add back what the program needs.
#       ```yaml
#       securityContext:
#         capabilities:
#           drop: [ALL]
#       ```
#     controls:
#       pss: [restricted/capabilities]
#       nsa: ["Kubernetes Pod security: Pod security enforcement"]
#       cis: ["5.2.8", "5.2.10"]
#     aliases: [capabilities_not_dropped]
package reeve.workloads.capabilities_not_dropped

# The API server refuses capabilities on a Windows pod, so nobody can be asked to drop them there.
violation contains {
	"msg": "securityContext.capabilities.drop lacks \"ALL\"; drop ALL and add back only what the program needs",
	"path": concat(".", [container.path, "securityContext.capabilities.drop"]),
	"container": container.name,
} if {
	some container in input.workload.containers

	# The usual spelling first, which is the cheaper test.
	not "ALL" in object.get(container, ["spec", "securityContext", "capabilities", "drop"], [])
	not drops_all[container.path]
	not input.workload.spec.os.name == "windows"
}

# Runtimes compare ALL without case. CAP_ALL is no name they know: it drops nothing.
drops_all contains container.path if {
	some container in input.workload.containers
	some dropped in container.spec.securityContext.capabilities.drop
	is_string(dropped)
	upper(dropped) == "ALL"
}
