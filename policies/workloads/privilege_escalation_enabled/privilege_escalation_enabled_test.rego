package reeve.workloads.privilege_escalation_enabled_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.privilege_escalation_enabled as rule

escalating := {"name": "web", "securityContext": {"allowPrivilegeEscalation": true}}

test_denies_privilege_escalation_enabled_with_message_path_and_name if {
	found := rule.violation with input.workload as given.deployment({"containers": [escalating]})
	found == {{
		"msg": "securityContext.allowPrivilegeEscalation is true; set it to false",
		"path": "spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation",
		"container": "web",
	}}
}

test_denies_true_of_an_init_container if {
	found := rule.violation with input.workload as given.pod({"initContainers": [escalating], "containers": [{"name": "main"}]})
	given.paths(found) == {"spec.initContainers[0].securityContext.allowPrivilegeEscalation"}
}

test_denies_true_of_an_ephemeral_container if {
	found := rule.violation with input.workload as given.pod({"ephemeralContainers": [{"name": "sh"}, escalating]})
	given.paths(found) == {"spec.ephemeralContainers[1].securityContext.allowPrivilegeEscalation"}
}

test_denies_each_privilege_escalation_enabled_of_a_cron_job if {
	found := rule.violation with input.workload as given.cron_job({"containers": [escalating, escalating]})
	given.paths(found) == {
		"spec.jobTemplate.spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation",
		"spec.jobTemplate.spec.template.spec.containers[1].securityContext.allowPrivilegeEscalation",
	}
}

test_allows_false_null_and_absent if {
	found := rule.violation with input.workload as given.pod({"containers": [
		{"securityContext": {"allowPrivilegeEscalation": false}},
		{"securityContext": {"allowPrivilegeEscalation": null}},
		{"securityContext": {}},
		{"securityContext": null},
		{},
	]})
	found == set()
}

test_takes_wrong_types_without_error if {
	found := rule.violation with input.workload as given.pod({"containers": [
		"web",
		null,
		{"securityContext": "allowPrivilegeEscalation"},
		{"securityContext": ["allowPrivilegeEscalation"]},
		{"securityContext": {"allowPrivilegeEscalation": "true"}},
	]})
	found == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null
	rule.violation == set() with input.workload as given.pod(null)
	rule.violation == set() with input.workload as given.pod({"containers": "web"})
}
