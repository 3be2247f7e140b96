package reeve.workloads.privileged_container_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.privileged_container as rule

privileged := {"name": "web", "securityContext": {"privileged": true}}

test_denies_privileged_container_with_message_path_and_name if {
	found := rule.violation with input.workload as given.deployment({"containers": [privileged]})
	found == {{
		"msg": "securityContext.privileged is true; set it to false or remove it",
		"path": "spec.template.spec.containers[0].securityContext.privileged",
		"container": "web",
	}}
}

test_denies_privileged_init_container if {
	found := rule.violation with input.workload as given.pod({"initContainers": [privileged], "containers": [{"name": "main"}]})
	given.paths(found) == {"spec.initContainers[0].securityContext.privileged"}
}

test_denies_privileged_ephemeral_container if {
	found := rule.violation with input.workload as given.pod({"ephemeralContainers": [{"name": "sh"}, privileged]})
	given.paths(found) == {"spec.ephemeralContainers[1].securityContext.privileged"}
}

test_denies_each_privileged_container_of_a_cron_job if {
	found := rule.violation with input.workload as given.cron_job({"containers": [privileged, privileged]})
	given.paths(found) == {
		"spec.jobTemplate.spec.template.spec.containers[0].securityContext.privileged",
		"spec.jobTemplate.spec.template.spec.containers[1].securityContext.privileged",
	}
}

test_allows_false_null_and_absent if {
	found := rule.violation with input.workload as given.pod({"containers": [
		{"securityContext": {"privileged": false}},
		{"securityContext": {"privileged": null}},
		{"securityContext": {}},
		{"securityContext": null},
		{},
	]})
	found == set()
}

test_takes_wrong_types_without_error if {
	found := rule.violation with input.workload as given.pod({"containers": [
		"web",
		null,
		{"securityContext": "privileged"},
		{"securityContext": ["privileged"]},
		{"securityContext": {"privileged": "true"}},
	]})
	found == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null
	rule.violation == set() with input.workload as given.pod(null)
	rule.violation == set() with input.workload as given.pod({"containers": "web"})
}
