package reeve.workloads.privilege_escalation_not_disabled_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.privilege_escalation_not_disabled as rule

disabled := {"name": "web", "securityContext": {"allowPrivilegeEscalation": false}}

test_denies_unset_with_message_path_and_name if {
	found := rule.violation with input.workload as given.deployment({"containers": [{"name": "web"}]})
	found == {{
		"msg": "securityContext.allowPrivilegeEscalation is not false; set it to false (unset, it is true)",
		"path": "spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation",
		"container": "web",
	}}
}

test_denies_true if {
	found := rule.violation with input.workload as given.pod({"containers": [{"securityContext": {"allowPrivilegeEscalation": true}}]})
	count(found) == 1
}

test_denies_null if {
	found := rule.violation with input.workload as given.pod({"containers": [{"securityContext": {"allowPrivilegeEscalation": null}}]})
	count(found) == 1
}

test_denies_init_sidecar_and_ephemeral_containers if {
	found := rule.violation with input.workload as given.pod({
		"initContainers": [{"name": "init"}, {"name": "mesh", "restartPolicy": "Always"}],
		"containers": [disabled],
		"ephemeralContainers": [{"name": "debug"}],
	})
	{violation.container | some violation in found} == {"init", "mesh", "debug"}
}

test_denies_a_field_on_the_pod_which_kubernetes_does_not_know if {
	found := rule.violation with input.workload as given.pod({
		"securityContext": {"allowPrivilegeEscalation": false},
		"containers": [{"name": "web"}],
	})
	count(found) == 1
}

test_denies_linux_pods_that_say_so if {
	found := rule.violation with input.workload as given.pod({"os": {"name": "linux"}, "containers": [{"name": "web"}]})
	count(found) == 1
}

test_allows_false_everywhere if {
	found := rule.violation with input.workload as given.cron_job({"initContainers": [disabled], "containers": [disabled]})
	found == set()
}

test_allows_windows_pods if {
	found := rule.violation with input.workload as given.pod({"os": {"name": "windows"}, "containers": [{"name": "web"}]})
	found == set()
}

test_denies_wrong_types_without_error if {
	found := rule.violation with input.workload as given.pod({"os": "windows", "containers": [
		"web",
		{"securityContext": "none"},
		{"securityContext": {"allowPrivilegeEscalation": "false"}},
	]})
	count(found) == 3
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null
	rule.violation == set() with input.workload as given.pod(null)
}
