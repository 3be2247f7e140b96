# METADATA
# title: Readiness probe missing
# description: >-
#   The container has no readiness probe, so it gets traffic as soon as its process has started, and a
#   rollout goes on although the new version does not answer yet. Only containers that run on are
#   judged, never those of Jobs.
# custom:
#   reeve:
#     severity: low
#     kinds: [workload]
#     mode: warn
#     remediation: |-
#       Add a probe of the endpoint that tells whether the container can serve.
#       ```yaml
#       readinessProbe:
#         httpGet:
#           path: /readyz
#           port: 8080
#         periodSeconds: 10
#       ```
#     aliases: [NoReadinessProbe]
package reeve.workloads.readiness_probe_missing

violation contains {
	"msg": "readinessProbe is not set; add a probe that tells when the container can serve",
	"path": concat(".", [container.path, "readinessProbe"]),
	"container": container.name,
} if {
	some container in input.workload.containers
	object.get(container, ["spec", "readinessProbe"], null) in {null, {}}
	container.kind in {"main", "sidecar"}
	not runs_to_completion

	# A main container can have a restart policy of its own, which overrides the pod's.
	not container.spec.restartPolicy == "Never"
	not container.spec.restartPolicy == "OnFailure"
}

runs_to_completion if input.workload.kind in {"Job", "CronJob"}

runs_to_completion if input.workload.spec.restartPolicy in {"OnFailure", "Never"}
