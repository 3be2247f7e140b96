package reeve.pod_security_restricted.pss_capabilities_restricted_test

import data.reeve.lib.given_test as given
import data.reeve.pod_security_restricted.pss_capabilities_restricted as rule

found(spec, version) := violations if {
	violations := rule.violation with input.workload as given.pod(spec)
		with input.parameters.version as version
}

with_web(capabilities) := {"containers": [{"name": "web", "securityContext": {"capabilities": capabilities}}]}

test_denies_not_dropped_with_message_path_and_name if {
	found({"containers": [{"name": "web"}]}, "latest") == {{
		"msg": "securityContext.capabilities.drop lacks \"ALL\"; drop ALL",
		"path": "spec.containers[0].securityContext.capabilities.drop",
		"container": "web",
	}}
}

test_denies_added_with_message_path_and_name if {
	found(with_web({"drop": ["ALL"], "add": ["NET_BIND_SERVICE", "CHOWN"]}), "v1.22") == {{
		"msg": "securityContext.capabilities.add has \"CHOWN\"; only NET_BIND_SERVICE may be added",
		"path": "spec.containers[0].securityContext.capabilities.add[1]",
		"container": "web",
	}}
}

test_denies_other_spellings_and_wrong_types if {
	count(found(with_web({"drop": ["all"], "add": ["net_bind_service"]}), "latest")) == 2
	count(found(with_web({"drop": ["CAP_ALL", null], "add": [null, ""]}), "latest")) == 3
	count(found(with_web({"drop": "ALL", "add": "CHOWN"}), "latest")) == 1
	count(found({"initContainers": [{"securityContext": {"capabilities": null}}], "ephemeralContainers": [{"securityContext": null}, "web"]}, "latest")) == 3
}

test_begins_with_v1_22 if {
	found(with_web({"add": ["SYS_ADMIN"]}), "v1.21") == set()
}

test_exempts_windows_since_v1_25 if {
	windows := object.union(with_web({"add": ["SYS_ADMIN"]}), {"os": {"name": "windows"}})
	count(found(windows, "v1.24")) == 2
	found(windows, "v1.25") == set()
}

test_allows_all_dropped_and_low_ports if {
	found(with_web({"drop": ["ALL"]}), "latest") == set()
	found(with_web({"drop": ["NET_RAW", "ALL"], "add": ["NET_BIND_SERVICE"]}), "latest") == set()
	found(with_web({"drop": ["ALL"], "add": null}), "latest") == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod(null) with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod({}) with input.parameters.version as "latest"
}
