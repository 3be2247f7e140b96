package reeve.workloads.run_as_non_root_missing_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.run_as_non_root_missing as rule

says(value) := {"name": "web", "securityContext": {"runAsNonRoot": value}}

test_denies_unset_with_message_path_and_name if {
	found := rule.violation with input.workload as given.deployment({"containers": [{"name": "web"}]})
	found == {{
		"msg": "securityContext.runAsNonRoot is true neither on the container nor on the pod; set it to true",
		"path": "spec.template.spec.containers[0].securityContext.runAsNonRoot",
		"container": "web",
	}}
}

test_denies_a_container_that_overrides_the_pod_with_message_path_and_name if {
	found := rule.violation with input.workload as given.pod({
		"securityContext": {"runAsNonRoot": true},
		"initContainers": [says(false)],
		"containers": [{"name": "main"}],
	})
	found == {{
		"msg": "securityContext.runAsNonRoot is false and overrides the pod's true; set it to true or remove it",
		"path": "spec.initContainers[0].securityContext.runAsNonRoot",
		"container": "web",
	}}
}

test_denies_only_containers_that_do_not_say_true_if_the_pod_does_not if {
	found := rule.violation with input.workload as given.pod({
		"securityContext": {"runAsNonRoot": false},
		"initContainers": [says(true)],
		"containers": [says(true), says(null), says(false), {}],
		"ephemeralContainers": [{"name": "debug"}],
	})
	count(found) == 4
	given.paths(found) == {
		"spec.containers[1].securityContext.runAsNonRoot",
		"spec.containers[2].securityContext.runAsNonRoot",
		"spec.containers[3].securityContext.runAsNonRoot",
		"spec.ephemeralContainers[0].securityContext.runAsNonRoot",
	}
}

test_denies_a_user_id_without_run_as_non_root if {
	found := rule.violation with input.workload as given.pod({"securityContext": {"runAsUser": 1000}, "containers": [{"name": "web"}]})
	count(found) == 1
}

test_denies_windows_pods_too if {
	found := rule.violation with input.workload as given.pod({"os": {"name": "windows"}, "containers": [{"name": "web"}]})
	count(found) == 1
}

test_allows_what_is_inherited_from_the_pod if {
	found := rule.violation with input.workload as given.cron_job({
		"securityContext": {"runAsNonRoot": true},
		"containers": [{}, {"securityContext": null}, {"securityContext": {}}, says(null), says(true)],
		"ephemeralContainers": [{"name": "debug"}],
	})
	found == set()
}

test_allows_containers_that_say_true_themselves if {
	found := rule.violation with input.workload as given.pod({"containers": [says(true)]})
	found == set()
}

test_takes_wrong_types_without_error if {
	found := rule.violation with input.workload as given.pod({"securityContext": "runAsNonRoot", "containers": ["web", null, says("true")]})
	count(found) == 3
	rule.violation == set() with input.workload as null
	rule.violation == set() with input.workload as given.pod(null)
}
