package reeve.pod_security_restricted.pss_proc_mount_restricted_test

import data.reeve.lib.given_test as given
import data.reeve.pod_security_restricted.pss_proc_mount_restricted as rule

found(spec, version) := violations if {
	violations := rule.violation with input.workload as given.pod(spec)
		with input.parameters.version as version
}

mounting(mount) := {"hostUsers": false, "containers": [{"name": "web", "securityContext": {"procMount": mount}}]}

test_denies_even_in_a_user_namespace_with_message_path_and_name if {
	found(mounting("Unmasked"), "latest") == {{
		"msg": "securityContext.procMount is \"Unmasked\"; set it to Default or remove it",
		"path": "spec.containers[0].securityContext.procMount",
		"container": "web",
	}}
}

test_denies_what_is_not_plainly_default if {
	count(found(mounting(""), "v1.35")) == 1
	count(found(mounting(7), "latest")) == 1
}

test_begins_with_v1_35 if {
	found(mounting("Unmasked"), "v1.34") == set()
}

test_allows_default_and_null if {
	found(mounting("Default"), "latest") == set()
	found(mounting(null), "latest") == set()
	found({"containers": [{"securityContext": "procMount"}]}, "latest") == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod(null) with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod({}) with input.parameters.version as "latest"
}
