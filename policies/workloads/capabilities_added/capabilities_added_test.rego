package reeve.workloads.capabilities_added_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.capabilities_added as rule

# What the rule finds about a pod whose only container adds the capabilities.
found(added, allowed) := violations if {
	violations := rule.violation with input.workload as given.pod({"containers": [{
		"name": "web",
		"securityContext": {"capabilities": {"add": added}},
	}]})
		with input.parameters.allowed as allowed
}

test_denies_what_is_not_allowed_with_message_path_and_name if {
	found(["NET_BIND_SERVICE", "CHOWN"], ["NET_BIND_SERVICE"]) == {{
		"msg": "securityContext.capabilities.add has \"CHOWN\", which is not allowed; remove it, or allow it in the rule's parameter",
		"path": "spec.containers[0].securityContext.capabilities.add[1]",
		"container": "web",
	}}
}

test_denies_every_capability_while_none_is_allowed if {
	count(found(["NET_BIND_SERVICE", "SYS_ADMIN", "ALL"], [])) == 3
}

test_denies_all_if_only_some_are_allowed if {
	count(found(["ALL"], ["CHOWN"])) == 1
}

test_allows_in_any_way_of_writing if {
	found(["CAP_CHOWN", "net_raw"], ["chown", "CAP_NET_RAW"]) == set()
}

test_allows_everything_where_all_is_allowed if {
	found(["SYS_ADMIN", "ALL"], ["all"]) == set()
}

test_denies_init_and_ephemeral_containers_of_a_cron_job if {
	container := {"securityContext": {"capabilities": {"add": ["CHOWN"]}}}
	violations := rule.violation with input.workload as given.cron_job({"initContainers": [container], "ephemeralContainers": [container]})
		with input.parameters.allowed as []
	count(violations) == 2
}

test_allows_adding_nothing_and_dropping if {
	found([], []) == set()
	found(null, []) == set()
	violations := rule.violation with input.workload as given.pod({"containers": [{"securityContext": {"capabilities": {"drop": ["CHOWN"]}}}, {}]})
		with input.parameters.allowed as []
	violations == set()
}

test_takes_wrong_types_without_error if {
	found("CHOWN", []) == set()
	found([null, 7, ["CHOWN"]], []) == set()
	count(found(["CHOWN"], [null, 7])) == 1
	rule.violation == set() with input.workload as null with input.parameters.allowed as []
}
