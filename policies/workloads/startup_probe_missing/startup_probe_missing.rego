# METADATA
# title: Startup probe missing
# description: >-
#   The container has no startup probe, so its liveness probe counts from the first second: a slow start
#   is taken for a hang, or every hang is noticed late. Only containers that run on are judged, never
#   those of Jobs.
# custom:
#   reeve:
#     severity: low
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Add a probe that allows as long as the slowest start takes: failureThreshold times periodSeconds.
#       ```yaml
#       startupProbe:
#         httpGet:
#           path: /livez
#           port: 8080
#         periodSeconds: 5
#         failureThreshold: 30
#       ```
#     aliases: [missing_startup]
package reeve.workloads.startup_probe_missing

violation contains {
	"msg": "startupProbe is not set; add a probe that gives the container time to start",
	"path": concat(".", [container.path, "startupProbe"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	object.get(container, ["spec", "startupProbe"], null) in {null, {}}
	container.kind in {"main", "sidecar"}
	not runs_to_completion

	# A main container can have a restart policy of its own, which overrides the pod's.
	not container.spec.restartPolicy == "Never"
	not container.spec.restartPolicy == "OnFailure"
}

runs_to_completion if input.workload.kind in {"Job", "CronJob"}

runs_to_completion if input.workload.spec.restartPolicy in {"OnFailure", "Never"}
