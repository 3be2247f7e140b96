package reeve.pod_security_restricted.pss_allow_privilege_escalation_test

import data.reeve.lib.given_test as given
import data.reeve.pod_security_restricted.pss_allow_privilege_escalation as rule

found(spec, version) := violations if {
	violations := rule.violation with input.workload as given.pod(spec)
		with input.parameters.version as version
}

saying(value) := {"containers": [{"name": "web", "securityContext": {"allowPrivilegeEscalation": value}}]}

test_denies_with_message_path_and_name if {
	found({"containers": [{"name": "web"}]}, "latest") == {{
		"msg": "securityContext.allowPrivilegeEscalation is not false; set it to false (unset, it is true)",
		"path": "spec.containers[0].securityContext.allowPrivilegeEscalation",
		"container": "web",
	}}
}

test_denies_true_null_and_wrong_types if {
	count(found(saying(true), "latest")) == 1
	count(found(saying(null), "latest")) == 1
	count(found(saying("false"), "latest")) == 1
	count(found({"initContainers": [{"securityContext": null}], "ephemeralContainers": [{"securityContext": "none"}]}, "latest")) == 2
}

test_begins_with_v1_8 if {
	count(found(saying(true), "v1.8")) == 1
	found(saying(true), "v1.7") == set()
}

test_exempts_windows_since_v1_25 if {
	windows := object.union(saying(null), {"os": {"name": "windows"}})
	count(found(windows, "v1.24")) == 1
	found(windows, "v1.25") == set()
}

test_allows_false if {
	found(saying(false), "latest") == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod(null) with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod({}) with input.parameters.version as "latest"
}
