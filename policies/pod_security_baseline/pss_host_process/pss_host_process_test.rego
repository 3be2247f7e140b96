package reeve.pod_security_baseline.pss_host_process_test

import data.reeve.lib.given_test as given
import data.reeve.pod_security_baseline.pss_host_process as rule

found(spec, version) := violations if {
	violations := rule.violation with input.workload as given.pod(spec)
		with input.parameters.version as version
}

on(value) := {"windowsOptions": {"hostProcess": value}}

test_denies_pod_with_message_and_path if {
	found({"securityContext": on(true)}, "latest") == {{
		"msg": "the pod's securityContext.windowsOptions.hostProcess is true; set it to false or remove it",
		"path": "spec.securityContext.windowsOptions.hostProcess",
	}}
}

test_denies_container_with_message_path_and_name if {
	found({"initContainers": [{"name": "init", "securityContext": on(true)}]}, "v1.0") == {{
		"msg": "securityContext.windowsOptions.hostProcess is true; set it to false or remove it",
		"path": "spec.initContainers[0].securityContext.windowsOptions.hostProcess",
		"container": "init",
	}}
}

test_allows_false_null_and_absent if {
	found({"securityContext": on(false), "containers": [{"securityContext": on(null)}, {"securityContext": {"windowsOptions": {}}}, {}]}, "latest") == set()
}

test_takes_wrong_types_without_error if {
	found({"securityContext": on("true"), "containers": [{"securityContext": {"windowsOptions": "hostProcess"}}, {"securityContext": null}]}, "latest") == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod(null) with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod({}) with input.parameters.version as "latest"
}
