package reeve.pod_security_baseline.pss_privileged_test

import data.reeve.lib.given_test as given
import data.reeve.pod_security_baseline.pss_privileged as rule

found(spec, version) := violations if {
	violations := rule.violation with input.workload as given.pod(spec)
		with input.parameters.version as version
}

privileged(value) := {"name": "web", "securityContext": {"privileged": value}}

test_denies_with_message_path_and_name if {
	found({"containers": [privileged(true)]}, "latest") == {{
		"msg": "securityContext.privileged is true; set it to false or remove it",
		"path": "spec.containers[0].securityContext.privileged",
		"container": "web",
	}}
}

test_denies_every_kind_of_container if {
	given.paths(found({"initContainers": [privileged(true)], "ephemeralContainers": [privileged(true)]}, "v1.0")) == {
		"spec.initContainers[0].securityContext.privileged",
		"spec.ephemeralContainers[0].securityContext.privileged",
	}
}

test_allows_false_null_and_absent if {
	found({"containers": [privileged(false), privileged(null), {"securityContext": null}, {}]}, "latest") == set()
}

test_takes_wrong_types_without_error if {
	found({"containers": [privileged("true"), {"securityContext": "privileged"}, "web", null]}, "latest") == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod(null) with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod({}) with input.parameters.version as "latest"
}
