package reeve.workloads.capabilities_high_risk_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.capabilities_high_risk as rule

high_risk := ["ALL", "SYS_ADMIN", "NET_ADMIN"]

# What the rule finds about a pod whose only container adds the capabilities.
found(added, listed) := violations if {
	violations := rule.violation with input.workload as given.pod({"containers": [{
		"name": "web",
		"securityContext": {"capabilities": {"add": added}},
	}]})
		with input.parameters.capabilities as listed
}

test_denies_a_listed_capability_with_message_path_and_name if {
	found(["CHOWN", "SYS_ADMIN"], high_risk) == {{
		"msg": "securityContext.capabilities.add has \"SYS_ADMIN\"; remove it and add only the capability the program really needs",
		"path": "spec.containers[0].securityContext.capabilities.add[1]",
		"container": "web",
	}}
}

test_denies_each_listed_capability if {
	count(found(["NET_ADMIN", "SYS_ADMIN", "NET_RAW"], high_risk)) == 2
}

test_denies_all_once if {
	count(found(["ALL"], high_risk)) == 1
}

test_denies_with_prefix_and_in_any_letter_case if {
	count(found(["CAP_SYS_ADMIN", "sys_admin", "cap_Net_Admin"], high_risk)) == 3
}

test_denies_all_because_it_includes_what_is_listed if {
	count(found(["ALL"], ["SYS_PTRACE"])) == 1
}

test_denies_what_the_parameter_lists_in_any_way if {
	count(found(["SYS_PTRACE"], ["cap_sys_ptrace"])) == 1
}

test_denies_init_and_ephemeral_containers_of_a_cron_job if {
	container := {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}
	violations := rule.violation with input.workload as given.cron_job({"initContainers": [container], "ephemeralContainers": [container]})
		with input.parameters.capabilities as high_risk
	count(violations) == 2
}

test_allows_what_is_not_listed if {
	found(["NET_BIND_SERVICE", "NET_ADMIN_"], high_risk) == set()
	found(["SYS_ADMIN"], []) == set()
}

test_allows_adding_nothing if {
	found([], high_risk) == set()
	found(null, high_risk) == set()
}

test_allows_dropping_what_is_listed if {
	violations := rule.violation with input.workload as given.pod({"containers": [{"securityContext": {"capabilities": {"drop": ["ALL"]}}}]})
		with input.parameters.capabilities as high_risk
	violations == set()
}

test_takes_wrong_types_without_error if {
	found("SYS_ADMIN", high_risk) == set()
	found([null, 7, ["SYS_ADMIN"]], high_risk) == set()
	found(["SYS_ADMIN"], [null, 7]) == set()
	rule.violation == set() with input.workload as null with input.parameters.capabilities as high_risk
}
