package reeve.pod_security_restricted.pss_seccomp_restricted_test

import data.reeve.lib.given_test as given
import data.reeve.pod_security_restricted.pss_seccomp_restricted as rule

found(spec, version) := violations if {
	violations := rule.violation with input.workload as given.pod(spec)
		with input.parameters.version as version
}

profile(type) := {"seccompProfile": {"type": type}}

test_denies_unset_with_message_path_and_name if {
	found({"containers": [{"name": "web"}]}, "latest") == {{
		"msg": "neither the container nor the pod sets securityContext.seccompProfile; set its type to RuntimeDefault",
		"path": "spec.containers[0].securityContext.seccompProfile",
		"container": "web",
	}}
}

test_denies_pod_with_message_and_path if {
	found({"securityContext": profile("Unconfined"), "containers": [{"securityContext": profile("Localhost")}]}, "v1.19") == {{
		"msg": "the pod's securityContext.seccompProfile.type is \"Unconfined\"; use RuntimeDefault or Localhost",
		"path": "spec.securityContext.seccompProfile.type",
	}}
}

test_denies_container_with_message_path_and_name if {
	found({"securityContext": profile("RuntimeDefault"), "ephemeralContainers": [{"name": "debug", "securityContext": profile("Unconfined")}]}, "latest") == {{
		"msg": "securityContext.seccompProfile.type is \"Unconfined\"; use RuntimeDefault or Localhost",
		"path": "spec.ephemeralContainers[0].securityContext.seccompProfile.type",
		"container": "debug",
	}}
}

test_denies_profiles_that_are_none if {
	count(found({"containers": [{"securityContext": {"seccompProfile": {}}}, {"securityContext": {"seccompProfile": "RuntimeDefault"}}, {"securityContext": {"seccompProfile": null}}]}, "latest")) == 3
	count(found({"securityContext": {"seccompProfile": "RuntimeDefault"}, "containers": [{"securityContext": "none"}, "web"]}, "latest")) == 3
}

test_begins_with_v1_19 if {
	found({"securityContext": profile("Unconfined"), "containers": [{"securityContext": profile("Unconfined")}, {}]}, "v1.18") == set()
}

test_exempts_windows_since_v1_25 if {
	windows := {"os": {"name": "windows"}, "containers": [{}]}
	count(found(windows, "v1.24")) == 1
	found(windows, "v1.25") == set()
}

test_allows_profiles_that_confine if {
	found({"securityContext": profile("Localhost"), "containers": [{}, {"securityContext": {"seccompProfile": null}}]}, "latest") == set()
	found({"containers": [{"securityContext": profile("RuntimeDefault")}, {"securityContext": profile("Localhost")}]}, "latest") == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod(null) with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod({}) with input.parameters.version as "latest"
}
