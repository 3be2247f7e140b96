# METADATA
# title: Pod in a crash loop
# description: >-
#   A main or init container keeps ending and the kubelet waits longer and longer before it starts the
#   container again.
# custom:
#   reeve:
#     severity: high
#     kinds: [Pod]
#     mode: warn
#     doors: [scan]
#     remediation: |-
#       Read why it ended and mend that; a liveness probe that is too strict is a common cause as well.
#       ```sh
#       kubectl logs POD -c CONTAINER --previous
#       kubectl describe pod POD
#       ```
#     aliases: [CrashLoopBackOff]
package reeve.runtime.pod_crash_looping

import data.reeve.lib.status

violation contains {
	"msg": sprintf(
		"waits in \"CrashLoopBackOff\" (restarts: %v%s)%s; read why with kubectl logs --previous",
		[object.get(container, "restartCount", 0), last_exit(container), status.said(container)],
	),
	"path": sprintf("status.%s[%v].state.waiting.reason", [list, i]),
	"container": status.text(container, "name"),
} if {
	some list in ["containerStatuses", "initContainerStatuses"]
	some i, container in input.object.status[list]
	container.state.waiting.reason == "CrashLoopBackOff"
}

last_exit(container) := sprintf(", last exit code: %v %v", [code, object.get(ended, "reason", "")]) if {
	ended := container.lastState.terminated
	code := ended.exitCode
} else := ""
