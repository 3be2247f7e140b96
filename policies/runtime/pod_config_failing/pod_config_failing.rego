# METADATA
# title: Pod's container cannot be started as configured
# description: >-
#   The kubelet cannot make or start a container from its configuration: a ConfigMap, Secret or key is
#   missing, a user, command, mount or device is wrong, or a hook fails.
# custom:
#   reeve:
#     severity: high
#     kinds: [Pod]
#     mode: warn
#     doors: [scan]
#     remediation: |-
#       Create the ConfigMap, Secret or key that the kubelet names, or mend the container's command,
#       user, mounts or hooks. A reference that may be missing can say so.
#       ```yaml
#       env:
#       - name: GREETING
#         valueFrom:
#           configMapKeyRef:
#             name: web
#             key: greeting
#             optional: true
#       ```
#     aliases: [CreateContainerConfigError]
package reeve.runtime.pod_config_failing

import data.reeve.lib.status

reasons := {
	"CreateContainerConfigError",
	"CreateContainerError",
	"PostStartHookError",
	"PreCreateHookError",
	"PreStartHookError",
	"RunContainerError",
}

violation contains {
	"msg": sprintf(
		"waits in %q%s; check the ConfigMaps, Secrets, command, user, mounts and hooks that the container names",
		[container.state.waiting.reason, status.said(container)],
	),
	"path": sprintf("status.%s[%v].state.waiting.reason", [list, i]),
	"container": status.text(container, "name"),
} if {
	some list in ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"]
	some i, container in input.object.status[list]
	container.state.waiting.reason in reasons
}
