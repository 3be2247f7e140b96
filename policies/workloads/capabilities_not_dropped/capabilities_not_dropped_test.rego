package reeve.workloads.capabilities_not_dropped_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.capabilities_not_dropped as rule

# What the rule finds about a pod whose only container drops the capabilities.
found(dropped) := violations if {
	violations := rule.violation with input.workload as given.pod({"containers": [{
		"name": "web",
		"securityContext": {"capabilities": {"drop": dropped}},
	}]})
}

test_denies_with_message_path_and_name if {
	found(["NET_RAW"]) == {{
		"msg": "securityContext.capabilities.drop lacks \"ALL\"; drop ALL and add back only what the program needs",
		"path": "spec.containers[0].securityContext.capabilities.drop",
		"container": "web",
	}}
}

test_denies_dropping_nothing if {
	count(found([])) == 1
	count(found(null)) == 1
}

test_denies_cap_all_which_drops_nothing if {
	count(found(["CAP_ALL"])) == 1
}

test_denies_absent_security_context_of_every_container if {
	violations := rule.violation with input.workload as given.cron_job({
		"initContainers": [{"name": "init"}, {"name": "mesh", "restartPolicy": "Always"}],
		"containers": [{"name": "web", "securityContext": {"capabilities": {"drop": ["ALL"]}}}],
		"ephemeralContainers": [{"name": "debug", "securityContext": null}],
	})
	{violation.container | some violation in violations} == {"init", "mesh", "debug"}
}

test_allows_all_in_any_letter_case if {
	found(["ALL"]) == set()
	found(["all"]) == set()
	found(["NET_RAW", "All"]) == set()
}

test_allows_adding_back if {
	violations := rule.violation with input.workload as given.pod({"containers": [{"securityContext": {"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}}]})
	violations == set()
}

test_allows_windows_pods if {
	violations := rule.violation with input.workload as given.pod({"os": {"name": "windows"}, "containers": [{"name": "web"}]})
	violations == set()
}

test_denies_wrong_types_without_error if {
	count(found("ALL")) == 1
	count(found([null, 7, ["ALL"]])) == 1
	violations := rule.violation with input.workload as given.pod({"containers": ["web", null]})
	count(violations) == 2
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null
	rule.violation == set() with input.workload as given.pod(null)
}
