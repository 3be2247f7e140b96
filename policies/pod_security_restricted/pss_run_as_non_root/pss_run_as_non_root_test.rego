package reeve.pod_security_restricted.pss_run_as_non_root_test

import data.reeve.lib.given_test as given
import data.reeve.pod_security_restricted.pss_run_as_non_root as rule

found(spec, version) := violations if {
	violations := rule.violation with input.workload as given.pod(spec)
		with input.parameters.version as version
}

says(value) := {"name": "web", "securityContext": {"runAsNonRoot": value}}

test_denies_unset_with_message_path_and_name if {
	found({"containers": [{"name": "web"}]}, "latest") == {{
		"msg": "securityContext.runAsNonRoot is true neither on the container nor on the pod; set it to true",
		"path": "spec.containers[0].securityContext.runAsNonRoot",
		"container": "web",
	}}
}

test_denies_false_with_message_path_and_name if {
	found({"securityContext": {"runAsNonRoot": true}, "initContainers": [says(false)], "containers": [{"name": "main"}]}, "v1.0") == {{
		"msg": "securityContext.runAsNonRoot is false; set it to true",
		"path": "spec.initContainers[0].securityContext.runAsNonRoot",
		"container": "web",
	}}
}

test_denies_false_on_the_pod_with_message_and_path if {
	found({"securityContext": {"runAsNonRoot": false}, "containers": [says(true)]}, "latest") == {{
		"msg": "the pod's securityContext.runAsNonRoot is false; set it to true",
		"path": "spec.securityContext.runAsNonRoot",
	}}
}

test_denies_null_and_wrong_types if {
	count(found({"securityContext": {"runAsNonRoot": "true"}, "containers": [says(null), says("true"), {"securityContext": "root"}, "web", null]}, "latest")) == 5
}

test_exempts_user_namespaces_since_v1_35 if {
	own := {"hostUsers": false, "securityContext": {"runAsNonRoot": false}, "containers": [says(false), {"name": "unset"}]}
	count(found(own, "v1.34")) == 3
	found(own, "v1.35") == set()
}

test_allows_true if {
	found({"containers": [says(true)], "ephemeralContainers": [says(true)]}, "latest") == set()
	found({"securityContext": {"runAsNonRoot": true}, "containers": [{}, says(null), says(true)]}, "latest") == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod(null) with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod({}) with input.parameters.version as "latest"
}
