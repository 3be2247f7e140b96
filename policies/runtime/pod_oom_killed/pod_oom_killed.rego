# METADATA
# title: Container killed for lack of memory
# description: >-
#   A container's last termination was an OOM kill, within the window: it wanted more memory than its
#   limit, or than the node had left.
# custom:
#   reeve:
#     severity: high
#     kinds: [Pod]
#     mode: warn
#     doors: [scan]
#     remediation: |-
#       Find out how much memory the container needs, and raise its limit or mend the leak. A request
#       as high as the limit keeps the node from promising memory that it does not have.
#       ```yaml
#       resources:
#         requests:
#           memory: 512Mi
#         limits:
#           memory: 512Mi
#       ```
#     aliases: [OOMKilled]
#     parameters:
#       windowHours:
#         type: integer
#         default: 24
#         description: An OOM kill that is longer ago than this many hours is no finding.
package reeve.runtime.pod_oom_killed

import data.reeve.lib.clock
import data.reeve.lib.status

violation contains {
	"msg": sprintf(
		"was killed for lack of memory at %s (restarts: %v); raise the memory limit or find out what takes the memory",
		[kill.finishedAt, object.get(container, "restartCount", 0)],
	),
	"path": sprintf("status.%s[%v].%s.terminated.reason", [list, i, field]),
	"container": status.text(container, "name"),
} if {
	some list in ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"]
	some i, container in input.object.status[list]
	field := last(container)
	kill := container[field].terminated
	kill.reason == "OOMKilled"
	is_string(kill.finishedAt)
	kill.finishedAt >= clock.ago(input.parameters.windowHours * 60)
}

# The field that holds the container's last termination.
last(container) := "state" if {
	is_object(container.state.terminated)
} else := "lastState" if is_object(container.lastState.terminated)
