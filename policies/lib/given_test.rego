# Package given_test builds what rules see, for their tests.
package reeve.lib.given_test

pod(spec) := workload("Pod", "spec", spec)

deployment(spec) := workload("Deployment", "spec.template.spec", spec)

cron_job(spec) := workload("CronJob", "spec.jobTemplate.spec.template.spec", spec)

# A workload of the given kind whose pod spec is found at the given path.
workload(kind, path, spec) := {
	"kind": kind,
	"metadata": {},
	"spec": spec,
	"path": path,
	"containers": [container |
		some list in ["initContainers", "containers", "ephemeralContainers"]
		some i, written in spec[list]
		container := {
			"name": name(written),
			"kind": container_kind(list, written),
			"path": sprintf("%s.%s[%d]", [path, list, i]),
			"spec": written,
		}
	],
}

name(written) := written.name if is_string(written.name)

else := ""

container_kind("containers", _) := "main"

container_kind("ephemeralContainers", _) := "ephemeral"

container_kind("initContainers", written) := "sidecar" if {
	written.restartPolicy == "Always"
} else := "init"

# Where a rule has found something.
paths(violations) := {violation.path | some violation in violations}
