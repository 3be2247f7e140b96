package reeve.pod_security_baseline.pss_capabilities_baseline_test

import data.reeve.lib.given_test as given
import data.reeve.pod_security_baseline.pss_capabilities_baseline as rule

found(spec, version) := violations if {
	violations := rule.violation with input.workload as given.pod(spec)
		with input.parameters.version as version
}

adding(capabilities) := {"containers": [{"name": "web", "securityContext": {"capabilities": {"add": capabilities}}}]}

test_denies_with_message_path_and_name if {
	found(adding(["CHOWN", "NET_RAW"]), "latest") == {{
		"msg": "securityContext.capabilities.add has \"NET_RAW\", which the baseline standard does not permit; remove it",
		"path": "spec.containers[0].securityContext.capabilities.add[1]",
		"container": "web",
	}}
}

test_denies_other_spellings_and_what_is_no_name if {
	count(found(adding(["ALL", "chown", "CAP_CHOWN", "", null, 7]), "v1.0")) == 6
}

test_denies_windows_pods_too if {
	count(found(object.union(adding(["SYS_ADMIN"]), {"os": {"name": "windows"}}), "latest")) == 1
}

test_allows_the_default_set if {
	found(adding(["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"]), "latest") == set()
	found(adding(["NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"]), "v1.0") == set()
}

test_allows_adding_nothing if {
	found(adding([]), "latest") == set()
	found(adding(null), "latest") == set()
	found({"containers": [{"securityContext": {"capabilities": {"drop": ["SYS_ADMIN"]}}}, {"securityContext": {"capabilities": "ALL"}}, {}]}, "latest") == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod(null) with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod({}) with input.parameters.version as "latest"
}
