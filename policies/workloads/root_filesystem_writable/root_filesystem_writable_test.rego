package reeve.workloads.root_filesystem_writable_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.root_filesystem_writable as rule

read_only := {"name": "web", "securityContext": {"readOnlyRootFilesystem": true}}

test_denies_unset_with_message_path_and_name if {
	found := rule.violation with input.workload as given.deployment({"containers": [{"name": "web"}]})
	found == {{
		"msg": "securityContext.readOnlyRootFilesystem is not true; set it to true and mount an emptyDir where the program writes",
		"path": "spec.template.spec.containers[0].securityContext.readOnlyRootFilesystem",
		"container": "web",
	}}
}

test_denies_false_and_null if {
	found := rule.violation with input.workload as given.pod({"containers": [
		{"securityContext": {"readOnlyRootFilesystem": false}},
		{"securityContext": {"readOnlyRootFilesystem": null}},
		{"securityContext": null},
	]})
	count(found) == 3
}

test_denies_init_sidecar_and_ephemeral_containers if {
	found := rule.violation with input.workload as given.cron_job({
		"initContainers": [{"name": "init"}, {"name": "mesh", "restartPolicy": "Always"}],
		"containers": [read_only],
		"ephemeralContainers": [{"name": "debug"}],
	})
	{violation.container | some violation in found} == {"init", "mesh", "debug"}
}

test_allows_true if {
	found := rule.violation with input.workload as given.deployment({"initContainers": [read_only], "containers": [read_only]})
	found == set()
}

test_allows_windows_pods if {
	found := rule.violation with input.workload as given.pod({"os": {"name": "windows"}, "containers": [{"name": "web"}]})
	found == set()
}

test_denies_wrong_types_without_error if {
	found := rule.violation with input.workload as given.pod({"os": null, "containers": ["web", null, {"securityContext": {"readOnlyRootFilesystem": "true"}}]})
	count(found) == 3
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null
	rule.violation == set() with input.workload as given.pod(null)
}
