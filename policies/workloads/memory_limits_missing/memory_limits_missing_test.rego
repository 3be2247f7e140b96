package reeve.workloads.memory_limits_missing_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.memory_limits_missing as rule

enough := {"name": "web", "resources": {"limits": {"memory": "256Mi"}}}

test_denies_with_message_path_and_name if {
	found := rule.violation with input.workload as given.deployment({"containers": [enough, {"name": "proxy"}]})
	found == {{
		"msg": "resources.limits.memory is missing or 0; limit it to somewhat more than the container uses at its peak",
		"path": "spec.template.spec.containers[1].resources.limits.memory",
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
	found := rule.violation with input.workload as given.pod({"containers": [{"resources": {"limits": {"cpu": "1"}}}]})
	count(found) == 1
}

test_denies_null_empty_and_zero if {
	found := rule.violation with input.workload as given.pod({"containers": [
		{"resources": {"limits": {"memory": null}}},
		{"resources": {"limits": {"memory": ""}}},
		{"resources": {"limits": {"memory": "0"}}},
		{"resources": {"limits": {"memory": 0}}},
		{"resources": {"limits": {}}},
		{"resources": {"limits": null}},
		{"resources": null},
	]})
	count(found) == 7
}

test_allows_numbers_as_quantities if {
	found := rule.violation with input.workload as given.pod({"containers": [{"resources": {"limits": {"memory": 1}}}]})
	found == set()
}

test_allows_ephemeral_containers_which_cannot_have_any if {
	found := rule.violation with input.workload as given.pod({"containers": [enough], "ephemeralContainers": [{"name": "debug"}]})
	found == set()
}

test_allows_what_the_pod_sets_as_a_whole if {
	found := rule.violation with input.workload as given.pod({
		"resources": {"limits": {"memory": "256Mi"}},
		"initContainers": [{"name": "init"}],
		"containers": [{"name": "web"}],
	})
	found == set()
}

test_denies_if_the_pod_sets_zero_or_another_resource if {
	found := rule.violation with input.workload as given.pod({
		"resources": {"limits": {"memory": "0", "cpu": "1"}},
		"containers": [{"name": "web"}],
	})
	count(found) == 1
}

test_denies_wrong_types_without_error if {
	found := rule.violation with input.workload as given.pod({"resources": "all", "containers": [
		"web",
		null,
		{"resources": "256Mi"},
		{"resources": {"limits": "256Mi"}},
		{"resources": {"limits": ["memory"]}},
	]})
	count(found) == 5
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null
	rule.violation == set() with input.workload as given.pod(null)
}

test_denies_a_request_alone if {
	found := rule.violation with input.workload as given.pod({
		"resources": {"requests": {"memory": "256Mi"}},
		"containers": [{"resources": {"requests": {"memory": "256Mi"}}}],
	})
	count(found) == 1
}
