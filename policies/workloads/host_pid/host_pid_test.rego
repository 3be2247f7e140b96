package reeve.workloads.host_pid_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.host_pid as rule

test_denies_a_pod_with_message_and_path if {
	found := rule.violation with input.workload as given.pod({"hostPID": true})
	found == {{
		"msg": "hostPID is true; remove it from the pod spec (shareProcessNamespace stays within the pod)",
		"path": "spec.hostPID",
	}}
}

test_denies_a_cron_job_at_its_template if {
	found := rule.violation with input.workload as given.cron_job({"hostPID": true})
	given.paths(found) == {"spec.jobTemplate.spec.template.spec.hostPID"}
}

test_allows_false_null_and_absent if {
	rule.violation == set() with input.workload as given.deployment({"hostPID": false})
	rule.violation == set() with input.workload as given.deployment({"hostPID": null})
	rule.violation == set() with input.workload as given.deployment({})
}

test_takes_wrong_types_without_error if {
	rule.violation == set() with input.workload as given.pod({"hostPID": "true"})
	rule.violation == set() with input.workload as given.pod(["hostPID"])
	rule.violation == set() with input.workload as given.pod(null)
	rule.violation == set() with input.workload as null
}
