package reeve.workloads.capabilities_insecure_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.capabilities_insecure as rule

insecure := ["CHOWN", "NET_RAW", "SETUID"]

# What the rule finds about a pod whose only container adds the capabilities.
found(added, listed) := violations if {
	violations := rule.violation with input.workload as given.pod({"containers": [{
		"name": "web",
		"securityContext": {"capabilities": {"add": added}},
	}]})
		with input.parameters.capabilities as listed
}

test_denies_a_listed_capability_with_message_path_and_name if {
	found(["SYS_TIME", "NET_RAW"], insecure) == {{
		"msg": "securityContext.capabilities.add has \"NET_RAW\"; remove it and run as a user that does not need it",
		"path": "spec.containers[0].securityContext.capabilities.add[1]",
		"container": "web",
	}}
}

test_denies_each_listed_capability_with_prefix_and_in_any_letter_case if {
	count(found(["CAP_CHOWN", "net_raw", "cap_SetUid"], insecure)) == 3
}

test_denies_what_the_parameter_lists_in_any_way if {
	count(found(["SYS_PTRACE"], ["cap_sys_ptrace"])) == 1
}

test_denies_init_and_ephemeral_containers_of_a_cron_job if {
	container := {"securityContext": {"capabilities": {"add": ["CHOWN"]}}}
	violations := rule.violation with input.workload as given.cron_job({"initContainers": [container], "ephemeralContainers": [container]})
		with input.parameters.capabilities as insecure
	count(violations) == 2
}

test_leaves_all_to_the_rule_on_high_risk_capabilities if {
	found(["ALL"], insecure) == set()
	count(found(["ALL"], ["ALL"])) == 1
}

test_allows_what_is_not_listed if {
	found(["SYS_TIME", "CHOWN_"], insecure) == set()
	found(["CHOWN"], []) == set()
	found([], insecure) == set()
	found(null, insecure) == set()
}

test_allows_dropping_what_is_listed if {
	violations := rule.violation with input.workload as given.pod({"containers": [{"securityContext": {"capabilities": {"drop": ["CHOWN"]}}}]})
		with input.parameters.capabilities as insecure
	violations == set()
}

test_takes_wrong_types_without_error if {
	found("CHOWN", insecure) == set()
	found([null, 7, ["CHOWN"]], insecure) == set()
	found(["CHOWN"], [null, 7]) == set()
	rule.violation == set() with input.workload as null with input.parameters.capabilities as insecure
}
