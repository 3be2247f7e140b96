package reeve.workloads.host_ipc_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.host_ipc as rule

test_denies_a_pod_with_message_and_path if {
	found := rule.violation with input.workload as given.pod({"hostIPC": true})
	found == {{
		"msg": "hostIPC is true; remove it from the pod spec (containers of one pod share IPC without it)",
		"path": "spec.hostIPC",
	}}
}

test_denies_a_cron_job_at_its_template if {
	found := rule.violation with input.workload as given.cron_job({"hostIPC": true})
	given.paths(found) == {"spec.jobTemplate.spec.template.spec.hostIPC"}
}

test_allows_false_null_and_absent if {
	rule.violation == set() with input.workload as given.deployment({"hostIPC": false})
	rule.violation == set() with input.workload as given.deployment({"hostIPC": null})
	rule.violation == set() with input.workload as given.deployment({})
}

test_takes_wrong_types_without_error if {
	rule.violation == set() with input.workload as given.pod({"hostIPC": "true"})
	rule.violation == set() with input.workload as given.pod(["hostIPC"])
	rule.violation == set() with input.workload as given.pod(null)
	rule.violation == set() with input.workload as null
}
