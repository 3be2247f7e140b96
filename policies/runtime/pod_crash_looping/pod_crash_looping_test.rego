package reeve.runtime.pod_crash_looping_test

import data.reeve.lib.given_test as given
import data.reeve.runtime.pod_crash_looping as rule

looping := {
	"name": "web",
	"restartCount": 7,
	"state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container=web"}},
	"lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
}

test_denies_with_message_path_and_name if {
	found := rule.violation with input.object.status as {"containerStatuses": [looping]}
	found == {{
		"msg": concat("; ", [
			`waits in "CrashLoopBackOff" (restarts: 7, last exit code: 137 OOMKilled)`,
			`the kubelet says "back-off 5m0s restarting failed container=web"`,
			"read why with kubectl logs --previous",
		]),
		"path": "status.containerStatuses[0].state.waiting.reason",
		"container": "web",
	}}
}

test_denies_init_containers if {
	found := rule.violation with input.object.status as {"initContainerStatuses": [{"state": {"running": {}}}, looping]}
	given.paths(found) == {"status.initContainerStatuses[1].state.waiting.reason"}
}

test_denies_with_a_shorter_message_where_little_is_known if {
	found := rule.violation with input.object.status as {"containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {}}]}
	found == {{
		"msg": "waits in \"CrashLoopBackOff\" (restarts: 0); read why with kubectl logs --previous",
		"path": "status.containerStatuses[0].state.waiting.reason",
		"container": "",
	}}
}

test_allows_ephemeral_containers if {
	found := rule.violation with input.object.status as {"ephemeralContainerStatuses": [looping]}
	found == set()
}

test_allows_running_ended_and_otherwise_waiting_containers if {
	found := rule.violation with input.object.status as {"containerStatuses": [
		{"name": "a", "restartCount": 7, "state": {"running": {}}, "lastState": looping.lastState},
		{"name": "b", "state": {"terminated": {"exitCode": 1}}},
		{"name": "c", "state": {"waiting": {"reason": "ContainerCreating"}}},
	]}
	found == set()
}

test_takes_wrong_types_without_error if {
	rule.violation == set() with input.object as {}
	rule.violation == set() with input.object.status as null
	rule.violation == set() with input.object.status as {"containerStatuses": null, "initContainerStatuses": "none"}
	rule.violation == set() with input.object.status as {"containerStatuses": [null, "web", {"state": null}, {"state": {"waiting": "CrashLoopBackOff"}}]}
}

test_denies_with_odd_details_without_error if {
	found := rule.violation with input.object.status as {"containerStatuses": [{
		"name": "web",
		"restartCount": null,
		"state": {"waiting": {"reason": "CrashLoopBackOff", "message": 7}},
		"lastState": {"terminated": "yesterday"},
	}]}
	count(found) == 1
}
