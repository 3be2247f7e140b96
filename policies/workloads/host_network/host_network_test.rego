package reeve.workloads.host_network_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.host_network as rule

test_denies_a_pod_with_message_and_path if {
	found := rule.violation with input.workload as given.pod({"hostNetwork": true})
	found == {{
		"msg": "hostNetwork is true; remove it from the pod spec and publish ports with a Service",
		"path": "spec.hostNetwork",
	}}
}

test_denies_a_cron_job_at_its_template if {
	found := rule.violation with input.workload as given.cron_job({"hostNetwork": true})
	given.paths(found) == {"spec.jobTemplate.spec.template.spec.hostNetwork"}
}

test_allows_false_null_and_absent if {
	rule.violation == set() with input.workload as given.deployment({"hostNetwork": false})
	rule.violation == set() with input.workload as given.deployment({"hostNetwork": null})
	rule.violation == set() with input.workload as given.deployment({})
}

test_takes_wrong_types_without_error if {
	rule.violation == set() with input.workload as given.pod({"hostNetwork": "true"})
	rule.violation == set() with input.workload as given.pod(["hostNetwork"])
	rule.violation == set() with input.workload as given.pod(null)
	rule.violation == set() with input.workload as null
}
