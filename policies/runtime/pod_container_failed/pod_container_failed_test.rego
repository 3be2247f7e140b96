package reeve.runtime.pod_container_failed_test

import data.reeve.lib.given_test as given
import data.reeve.runtime.pod_container_failed as rule

ended(name, code) := {"name": name, "state": {"terminated": {"exitCode": code, "reason": "Error", "message": "no \"config\""}}}

# A pod in the given phase whose container web has ended with exit code 3.
pod(phase, policy, container) := {
	"metadata": {},
	"spec": {"restartPolicy": policy, "containers": [object.union({"name": "web"}, container)]},
	"status": {"phase": phase, "containerStatuses": [ended("web", 3)]},
}

web := {"status.containerStatuses[0].state.terminated.exitCode"}

test_denies_with_message_path_and_name if {
	found := rule.violation with input.object as pod("Running", "Never", {})
	found == {{
		"msg": concat("; ", [
			"has ended with exit code 3 (Error) and is not started again",
			"the kubelet says \"no 'config'\"",
			"read why with kubectl logs",
		]),
		"path": "status.containerStatuses[0].state.terminated.exitCode",
		"container": "web",
	}}
}

test_denies_with_a_shorter_message_where_little_is_known if {
	found := rule.violation with input.object as {
		"spec": {"restartPolicy": "Never"},
		"status": {"initContainerStatuses": [{"state": {"terminated": {"exitCode": 1}}}]},
	}
	found == {{
		"msg": "has ended with exit code 1 and is not started again; read why with kubectl logs",
		"path": "status.initContainerStatuses[0].state.terminated.exitCode",
		"container": "",
	}}
}

test_denies_whatever_the_policy_when_the_pod_has_ended if {
	given.paths(rule.violation) == web with input.object as pod("Failed", "Always", {})
	given.paths(rule.violation) == web with input.object as pod("Failed", "OnFailure", {})
	given.paths(rule.violation) == web with input.object as pod("Succeeded", "OnFailure", {})
}

test_allows_what_the_pods_policy_restarts if {
	rule.violation == set() with input.object as pod("Running", "Always", {})
	rule.violation == set() with input.object as pod("Running", "OnFailure", {})
	rule.violation == set() with input.object as pod("Pending", null, {})
	rule.violation == set() with input.object as {"status": {"containerStatuses": [ended("web", 3)]}}
}

test_the_containers_own_policy_wins_over_the_pods if {
	given.paths(rule.violation) == web with input.object as pod("Running", "Always", {"restartPolicy": "Never"})
	rule.violation == set() with input.object as pod("Running", "Never", {"restartPolicy": "OnFailure"})
	rule.violation == set() with input.object as pod("Running", "Never", {"restartPolicy": "Always"})
}

# A container that is restarted on some exit codes alone.
on(operator, values) := {
	"restartPolicy": "Never",
	"restartPolicyRules": [{"action": "Restart", "exitCodes": {"operator": operator, "values": values}}],
}

test_the_containers_rules_win_over_its_policy if {
	rule.violation == set() with input.object as pod("Running", "Never", on("In", [3, 4]))
	rule.violation == set() with input.object as pod("Running", "Never", on("NotIn", [4]))
	given.paths(rule.violation) == web with input.object as pod("Running", "Never", on("In", [4]))
	given.paths(rule.violation) == web with input.object as pod("Running", "Never", on("NotIn", [3]))
}

test_judges_init_containers_and_no_sidecars_or_ephemeral_ones if {
	found := rule.violation with input.object as {
		"spec": {
			"restartPolicy": "Never",
			"initContainers": [{"name": "migrate"}, {"name": "proxy", "restartPolicy": "Always"}],
			"containers": [{"name": "web"}],
		},
		"status": {
			"phase": "Failed",
			"initContainerStatuses": [ended("migrate", 1), ended("proxy", 143)],
			"containerStatuses": [ended("web", 0)],
			"ephemeralContainerStatuses": [ended("debug", 130)],
		},
	}
	given.paths(found) == {"status.initContainerStatuses[0].state.terminated.exitCode"}
}

test_allows_init_containers_that_are_tried_again if {
	rule.violation == set() with input.object as {
		"spec": {"restartPolicy": "Always", "initContainers": [{"name": "migrate"}]},
		"status": {"phase": "Pending", "initContainerStatuses": [ended("migrate", 1)]},
	}
}

test_allows_pods_that_are_being_deleted if {
	rule.violation == set() with input.object as object.union(pod("Running", "Never", {}), {"metadata": {"deletionTimestamp": "2026-08-01T12:00:00Z"}})
}

test_takes_wrong_types_without_error if {
	rule.violation == set() with input.object as {}
	rule.violation == set() with input.object.status as {"containerStatuses": [null, {"state": "ended"}, ended("web", "3"), ended("web", null)]}
	given.paths(rule.violation) == web with input.object as {"spec": null, "status": {"phase": "Failed", "containerStatuses": [ended(7, 3)]}}
	given.paths(rule.violation) == web with input.object as pod("Running", "Never", {"restartPolicy": 7, "restartPolicyRules": [null, {"action": "Restart", "exitCodes": "3"}]})
}
