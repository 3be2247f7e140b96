package reeve.workloads.cpu_requests_missing_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.cpu_requests_missing as rule

enough := {"name": "web", "resources": {"requests": {"cpu": "100m"}}}

test_denies_with_message_path_and_name if {
	found := rule.violation with input.workload as given.deployment({"containers": [enough, {"name": "proxy"}]})
	found == {{
		"msg": "resources.requests.cpu is missing or 0 and no CPU limit stands in for it; request what the container needs in normal work",
		"path": "spec.template.spec.containers[1].resources.requests.cpu",
		"container": "proxy",
	}}
}

test_denies_init_and_sidecar_containers_of_a_cron_job if {
	found := rule.violation with input.workload as given.cron_job({
		"initContainers": [{"name": "init"}, {"name": "mesh", "restartPolicy": "Always"}],
		"containers": [enough],
	})
	{violation.container | some violation in found} == {"init", "mesh"}
}

test_denies_another_resource_alone if {
	found := rule.violation with input.workload as given.pod({"containers": [{"resources": {"requests": {"memory": "1"}}}]})
	count(found) == 1
}

test_denies_null_empty_and_zero if {
	found := rule.violation with input.workload as given.pod({"containers": [
		{"resources": {"requests": {"cpu": null}}},
		{"resources": {"requests": {"cpu": ""}}},
		{"resources": {"requests": {"cpu": "0"}}},
		{"resources": {"requests": {"cpu": 0}}},
		{"resources": {"requests": {}}},
		{"resources": {"requests": null}},
		{"resources": null},
	]})
	count(found) == 7
}

test_allows_numbers_as_quantities if {
	found := rule.violation with input.workload as given.pod({"containers": [{"resources": {"requests": {"cpu": 1}}}]})
	found == set()
}

test_allows_ephemeral_containers_which_cannot_have_any if {
	found := rule.violation with input.workload as given.pod({"containers": [enough], "ephemeralContainers": [{"name": "debug"}]})
	found == set()
}

test_allows_what_the_pod_sets_as_a_whole if {
	found := rule.violation with input.workload as given.pod({
		"resources": {"requests": {"cpu": "100m"}},
		"initContainers": [{"name": "init"}],
		"containers": [{"name": "web"}],
	})
	found == set()
}

test_denies_if_the_pod_sets_zero_or_another_resource if {
	found := rule.violation with input.workload as given.pod({
		"resources": {"requests": {"cpu": "0", "memory": "1"}},
		"containers": [{"name": "web"}],
	})
	count(found) == 1
}

test_denies_wrong_types_without_error if {
	found := rule.violation with input.workload as given.pod({"resources": "all", "containers": [
		"web",
		null,
		{"resources": "100m"},
		{"resources": {"requests": "100m"}},
		{"resources": {"requests": ["cpu"]}},
	]})
	count(found) == 5
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null
	rule.violation == set() with input.workload as given.pod(null)
}

test_allows_a_limit_alone if {
	found := rule.violation with input.workload as given.pod({"containers": [{"resources": {"limits": {"cpu": "100m"}}}]})
	found == set()
}

test_denies_a_request_of_zero_beside_a_limit if {
	found := rule.violation with input.workload as given.pod({"containers": [{"resources": {"requests": {"cpu": "0"}, "limits": {"cpu": "100m"}}}]})
	count(found) == 1
}

test_allows_a_limit_of_the_pod_alone if {
	found := rule.violation with input.workload as given.pod({"resources": {"limits": {"cpu": "100m"}}, "containers": [{"name": "web"}]})
	found == set()
}
