package reeve.pod_security_baseline.pss_sysctls_test

import data.reeve.lib.given_test as given
import data.reeve.pod_security_baseline.pss_sysctls as rule

found(spec, version) := violations if {
	violations := rule.violation with input.workload as given.pod(spec)
		with input.parameters.version as version
}

setting(names) := {"securityContext": {"sysctls": [{"name": name, "value": "1"} | some name in names]}}

test_denies_with_message_and_path if {
	found(setting(["net.ipv4.tcp_syncookies", "kernel.msgmax"]), "latest") == {{
		"msg": "securityContext.sysctls has \"kernel.msgmax\", which the baseline standard does not permit; remove it",
		"path": "spec.securityContext.sysctls[1].name",
	}}
}

test_denies_what_is_no_name if {
	count(found(setting(["", null, 7]), "latest")) == 3
	count(found({"securityContext": {"sysctls": [{"value": "1"}, null, "kernel.msgmax"]}}, "latest")) == 3
}

test_allows_the_oldest_in_every_version if {
	oldest := setting([
		"kernel.shm_rmid_forced",
		"net.ipv4.ip_local_port_range",
		"net.ipv4.tcp_syncookies",
		"net.ipv4.ping_group_range",
		"net.ipv4.ip_unprivileged_port_start",
	])
	found(oldest, "v1.0") == set()
	found(oldest, "latest") == set()
}

test_allows_others_since_their_version if {
	every name, versions in {
		"net.ipv4.ip_local_reserved_ports": ["v1.26", "v1.27"],
		"net.ipv4.tcp_keepalive_time": ["v1.28", "v1.29"],
		"net.ipv4.tcp_fin_timeout": ["v1.28", "v1.29"],
		"net.ipv4.tcp_keepalive_intvl": ["v1.28", "v1.29"],
		"net.ipv4.tcp_keepalive_probes": ["v1.28", "v1.29"],
		"net.ipv4.tcp_rmem": ["v1.31", "v1.32"],
		"net.ipv4.tcp_wmem": ["v1.31", "v1.32"],
		"net.ipv4.tcp_slow_start_after_idle": ["v1.36", "v1.37"],
		"net.ipv4.tcp_notsent_lowat": ["v1.36", "v1.37"],
	} {
		count(found(setting([name]), versions[0])) == 1
		found(setting([name]), versions[1]) == set()
		found(setting([name]), "latest") == set()
	}
}

test_allows_none if {
	found({"securityContext": {"sysctls": null}}, "latest") == set()
	found({"securityContext": {"sysctls": "kernel.msgmax"}}, "latest") == set()
	found({"securityContext": null}, "latest") == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod(null) with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod({}) with input.parameters.version as "latest"
}
