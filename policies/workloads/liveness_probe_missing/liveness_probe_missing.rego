# METADATA
# title: Liveness probe missing
# description: >-
#   The container has no liveness probe, so one that hangs is never restarted. Only containers that run
#   on are judged, never those of Jobs.
# custom:
#   reeve:
#     severity: low
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Add a probe of something that only fails when a restart helps: not of the services behind it.
#       ```yaml
#       livenessProbe:
#         httpGet:
#           path: /livez
#           port: 8080
#         periodSeconds: 10
#         failureThreshold: 3
#       ```
#     aliases: [NoLivenessProbe]
package reeve.workloads.liveness_probe_missing

violation contains {
	"msg": "livenessProbe is not set; add a probe that tells when the container hangs and has to be restarted",
	"path": concat(".", [container.path, "livenessProbe"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	object.get(container, ["spec", "livenessProbe"], null) in {null, {}}
	container.kind in {"main", "sidecar"}
	not runs_to_completion

	# A main container can have a restart policy of its own, which overrides the pod's.
	not container.spec.restartPolicy == "Never"
	not container.spec.restartPolicy == "OnFailure"
}

runs_to_completion if input.workload.kind in {"Job", "CronJob"}

runs_to_completion if input.workload.spec.restartPolicy in {"OnFailure", "Never"}
