package reeve.pod_security_baseline.pss_host_namespaces_test

import data.reeve.lib.given_test as given
import data.reeve.pod_security_baseline.pss_host_namespaces as rule

found(spec, version) := violations if {
	violations := rule.violation with input.workload as given.pod(spec)
		with input.parameters.version as version
}

test_denies_with_message_and_path if {
	found({"hostPID": true}, "latest") == {{
		"msg": "hostPID is true; set it to false or remove it",
		"path": "spec.hostPID",
	}}
}

test_denies_each_of_them if {
	given.paths(found({"hostNetwork": true, "hostPID": true, "hostIPC": true, "hostUsers": true}, "v1.0")) == {"spec.hostNetwork", "spec.hostPID", "spec.hostIPC"}
}

test_denies_a_cron_job_at_its_template if {
	violations := rule.violation with input.workload as given.cron_job({"hostIPC": true})
		with input.parameters.version as "latest"
	given.paths(violations) == {"spec.jobTemplate.spec.template.spec.hostIPC"}
}

test_allows_false_null_and_absent if {
	found({"hostNetwork": false, "hostPID": null}, "latest") == set()
}

test_takes_wrong_types_without_error if {
	found({"hostNetwork": "true", "hostPID": [true]}, "latest") == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod(null) with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod({}) with input.parameters.version as "latest"
}
