# METADATA
# title: Pod pending too long
# description: >-
#   A pod has been Pending for longer than the window: no node takes it, its volumes, network or images
#   are not ready, or an init container does not end. The time counts from its creation, and from the
#   moment it was given to a node once it has one. Pods held back by scheduling gates are waiting for
#   somebody on purpose.
# custom:
#   reeve:
#     severity: medium
#     kinds: [Pod]
#     mode: warn
#     doors: [scan]
#     remediation: |-
#       Read what the scheduler or the kubelet waits for and provide it: a node with room, a volume, a
#       Secret, an image.
#       ```sh
#       kubectl describe pod POD
#       kubectl get events --field-selector involvedObject.name=POD
#       ```
#     parameters:
#       minutes:
#         type: integer
#         default: 15
#         description: How many minutes a pod may be Pending.
package reeve.runtime.pod_pending_too_long

import data.reeve.lib.clock
import data.reeve.lib.status

# A hundred years, in minutes; more does not fit the clock.
longest := 52560000

# No node has it yet. Many pods are seen so when they are new, so what clock.ago does is written out:
# a call takes as long as all the rest.
violation contains {
	"msg": sprintf(message, [input.object.metadata.creationTimestamp, input.parameters.minutes, unscheduled]),
	"path": "status.phase",
} if {
	input.object.status.phase == "Pending"
	is_string(input.object.metadata.creationTimestamp)
	not excused
	input.parameters.minutes < longest
	input.object.metadata.creationTimestamp < time.format(time.now_ns() - (input.parameters.minutes * 60000000000))
}

# Its node does not get it running.
violation contains {
	"msg": sprintf(message, [condition.lastTransitionTime, input.parameters.minutes, unstarted]),
	"path": "status.phase",
} if {
	input.object.status.phase == "Pending"
	some condition in input.object.status.conditions
	condition.type == "PodScheduled"
	condition.status == "True"
	is_string(condition.lastTransitionTime)
	not status.deleting
	condition.lastTransitionTime < clock.ago(input.parameters.minutes)
}

# It has a node, or is not to have one, or is being deleted.
excused if {
	some condition in input.object.status.conditions
	condition.type == "PodScheduled"
	condition.status == "True"
}

excused if {
	some condition in input.object.status.conditions
	condition.type == "PodScheduled"
	condition.reason == "SchedulingGated"
}

excused if status.deleting

message := "has been Pending since %s, longer than %v minutes%s; see what it waits for with kubectl describe"

unscheduled := concat("", [text |
	some condition in input.object.status.conditions
	condition.type == "PodScheduled"
	condition.status == "False"
	text := concat("", [": no node takes it", status.says("the scheduler", object.get(condition, "message", ""))])
])

# The first that it waits for.
unstarted := texts[0] if {
	texts := array.concat(waiting, initializing)
} else := ""

waiting := [text |
	some list in ["initContainerStatuses", "containerStatuses"]
	some container in input.object.status[list]
	reason := container.state.waiting.reason
	is_string(reason)
	reason != "PodInitializing"
	text := sprintf(": container %q waits in %q%s", [status.text(container, "name"), reason, status.said(container)])
]

initializing := [text |
	some container in input.object.status.initContainerStatuses
	is_object(container.state.running)
	not container.started == true
	text := sprintf(": init container %q is still running", [status.text(container, "name")])
]
