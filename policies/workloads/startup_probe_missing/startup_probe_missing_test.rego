package reeve.workloads.startup_probe_missing_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.startup_probe_missing as rule

probed := {"name": "web", "startupProbe": {"httpGet": {"path": "/livez", "port": 8080}}}

test_denies_with_message_path_and_name if {
	found := rule.violation with input.workload as given.deployment({"containers": [{"name": "web"}, probed]})
	found == {{
		"msg": "startupProbe is not set; add a probe that gives the container time to start",
		"path": "spec.template.spec.containers[0].startupProbe",
		"container": "web",
	}}
}

test_denies_a_sidecar if {
	found := rule.violation with input.workload as given.deployment({
		"initContainers": [{"name": "mesh", "restartPolicy": "Always"}],
		"containers": [probed],
	})
	given.paths(found) == {"spec.template.spec.initContainers[0].startupProbe"}
}

test_denies_null_empty_and_other_probes if {
	found := rule.violation with input.workload as given.pod({"restartPolicy": "Always", "containers": [
		{"startupProbe": null},
		{"startupProbe": {}},
		{"livenessProbe": {"tcpSocket": {"port": 80}}, "readinessProbe": {"tcpSocket": {"port": 80}}},
	]})
	count(found) == 3
}

test_allows_init_and_ephemeral_containers_which_cannot_have_one if {
	found := rule.violation with input.workload as given.pod({
		"initContainers": [{"name": "init"}],
		"containers": [probed],
		"ephemeralContainers": [{"name": "debug"}],
	})
	found == set()
}

test_allows_jobs_and_cron_jobs if {
	spec := {"containers": [{"name": "web"}], "initContainers": [{"name": "mesh", "restartPolicy": "Always"}]}
	rule.violation == set() with input.workload as given.cron_job(spec)
	rule.violation == set() with input.workload as given.workload("Job", "spec.template.spec", spec)
}

test_allows_pods_that_run_to_completion if {
	rule.violation == set() with input.workload as given.pod({"restartPolicy": "Never", "containers": [{"name": "web"}]})
	rule.violation == set() with input.workload as given.pod({"restartPolicy": "OnFailure", "containers": [{"name": "web"}]})
}

test_allows_a_container_that_runs_to_completion_in_a_pod_that_runs_on if {
	found := rule.violation with input.workload as given.pod({"restartPolicy": "Always", "containers": [
		probed,
		{"name": "once", "restartPolicy": "Never"},
		{"name": "until-it-works", "restartPolicy": "OnFailure"},
	]})
	found == set()
}

test_denies_wrong_types_without_error if {
	found := rule.violation with input.workload as given.pod({"restartPolicy": ["Never"], "containers": ["web", null]})
	count(found) == 2
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null
	rule.violation == set() with input.workload as given.pod(null)
}
