package reeve.pod_security_restricted.pss_run_as_user_test

import data.reeve.lib.given_test as given
import data.reeve.pod_security_restricted.pss_run_as_user as rule

found(spec, version) := violations if {
	violations := rule.violation with input.workload as given.pod(spec)
		with input.parameters.version as version
}

user(value) := {"runAsUser": value}

test_denies_pod_with_message_and_path if {
	found({"securityContext": user(0)}, "latest") == {{
		"msg": "the pod's securityContext.runAsUser is 0, which is root; use another number or remove it",
		"path": "spec.securityContext.runAsUser",
	}}
}

test_denies_container_with_message_path_and_name if {
	found({"securityContext": user(1000), "initContainers": [{"name": "init", "securityContext": user(0)}]}, "v1.23") == {{
		"msg": "securityContext.runAsUser is 0, which is root; use another number or remove it",
		"path": "spec.initContainers[0].securityContext.runAsUser",
		"container": "init",
	}}
}

test_begins_with_v1_23 if {
	found({"securityContext": user(0), "containers": [{"securityContext": user(0)}]}, "v1.22") == set()
}

test_exempts_user_namespaces_since_v1_35 if {
	own := {"hostUsers": false, "securityContext": user(0), "containers": [{"securityContext": user(0)}]}
	count(found(own, "v1.34")) == 2
	found(own, "v1.35") == set()
}

test_allows_others_null_and_absent if {
	found({"securityContext": user(65532), "containers": [{"securityContext": user(1)}, {"securityContext": user(null)}, {"securityContext": null}, {}]}, "latest") == set()
}

test_takes_wrong_types_without_error if {
	found({"securityContext": user("0"), "containers": [{"securityContext": user(false)}, {"securityContext": "root"}]}, "latest") == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod(null) with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod({}) with input.parameters.version as "latest"
}
