# METADATA
# title: Control plane component unhealthy
# description: >-
#   The API server, etcd, the scheduler or the controller manager is not healthy, as the API server's
#   /livez and /readyz checks, its component statuses or the components' own pods in kube-system say.
# custom:
#   reeve:
#     severity: critical
#     kinds: [ComponentHealth.health.kubereeve.io]
#     mode: warn
#     doors: [scan]
#     remediation: |-
#       Ask the component itself and read its log. Component statuses are asked for on the API server's
#       own host only: where scheduler and controller manager run elsewhere, name them in the parameter
#       ignored.
#       ```sh
#       kubectl get --raw '/readyz?verbose'
#       kubectl -n kube-system get pods -l tier=control-plane
#       kubectl -n kube-system logs kube-scheduler-NODE
#       ```
#     aliases: [ETCDHealthStatus, SchedulerHealthStatus, ControllerManagerHealthStatus]
#     parameters:
#       ignored:
#         type: array
#         items: string
#         default: []
#         description: >-
#           Checks that are passed over, by the resource's name, as in componentstatuses/scheduler or
#           readyz/etcd.
package reeve.runtime.component_unhealthy

import data.reeve.lib.status

violation contains {
	"msg": sprintf(
		"%s is not healthy: check %q of %s fails%s; ask the component itself and read its log",
		[
			status.text(input.object.spec, "component"),
			status.text(input.object.spec, "check"),
			status.text(input.object.spec, "source"),
			status.says("it", object.get(input.object.status, "message", "")),
		],
	),
	"path": "status.healthy",
} if {
	input.object.status.healthy == false
	not ignored
}

ignored if input.object.metadata.name in input.parameters.ignored
