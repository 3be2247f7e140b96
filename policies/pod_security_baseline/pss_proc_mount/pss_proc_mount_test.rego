package reeve.pod_security_baseline.pss_proc_mount_test

import data.reeve.lib.given_test as given
import data.reeve.pod_security_baseline.pss_proc_mount as rule

found(spec, version) := violations if {
	violations := rule.violation with input.workload as given.pod(spec)
		with input.parameters.version as version
}

mounting(mount, more) := object.union({"containers": [{"name": "web", "securityContext": {"procMount": mount}}]}, more)

test_denies_with_message_path_and_name if {
	found(mounting("Unmasked", {}), "latest") == {{
		"msg": "securityContext.procMount is \"Unmasked\"; set it to Default or remove it",
		"path": "spec.containers[0].securityContext.procMount",
		"container": "web",
	}}
}

test_denies_what_is_not_plainly_default if {
	count(found(mounting("", {}), "latest")) == 1
	count(found(mounting("default", {}), "latest")) == 1
	count(found(mounting(7, {}), "latest")) == 1
}

test_allows_user_namespaces_since_v1_35 if {
	count(found(mounting("Unmasked", {"hostUsers": false}), "v1.34")) == 1
	found(mounting("Unmasked", {"hostUsers": false}), "v1.35") == set()
	found(mounting("Unmasked", {"hostUsers": false}), "latest") == set()
	count(found(mounting("Unmasked", {"hostUsers": true}), "latest")) == 1
}

test_allows_default_and_null if {
	found(mounting("Default", {}), "latest") == set()
	found(mounting(null, {}), "latest") == set()
	found({"containers": [{"securityContext": "procMount"}]}, "latest") == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod(null) with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod({}) with input.parameters.version as "latest"
}
