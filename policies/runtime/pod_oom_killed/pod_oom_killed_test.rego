package reeve.runtime.pod_oom_killed_test

import data.reeve.lib.given_test as given
import data.reeve.runtime.pod_oom_killed as rule

# 2026-08-01T12:00:00Z
noon := 1785585600000000000

kill(time) := {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": time}}

restarted(time) := {"name": "web", "restartCount": 2, "state": {"running": {}}, "lastState": kill(time)}

found(status) := violations if {
	violations := rule.violation with input.object.status as status
		with input.parameters as {"windowHours": 24}
		with time.now_ns as noon
}

test_denies_with_message_path_and_name if {
	found({"containerStatuses": [restarted("2026-08-01T11:00:00Z")]}) == {{
		"msg": "was killed for lack of memory at 2026-08-01T11:00:00Z (restarts: 2); raise the memory limit or find out what takes the memory",
		"path": "status.containerStatuses[0].lastState.terminated.reason",
		"container": "web",
	}}
}

test_denies_within_the_window_only if {
	count(found({"containerStatuses": [restarted("2026-07-31T12:00:00Z")]})) == 1
	count(found({"containerStatuses": [restarted("2026-07-31T11:59:59Z")]})) == 0
}

test_denies_what_a_node_with_a_clock_ahead_has_killed if {
	count(found({"containerStatuses": [restarted("2026-08-01T12:03:00Z")]})) == 1
}

test_denies_containers_that_stay_down_and_of_every_kind if {
	violations := found({
		"initContainerStatuses": [restarted("2026-08-01T11:00:00Z")],
		"ephemeralContainerStatuses": [{"name": "debug", "state": kill("2026-08-01T11:00:00Z"), "lastState": {}}],
	})
	given.paths(violations) == {
		"status.initContainerStatuses[0].lastState.terminated.reason",
		"status.ephemeralContainerStatuses[0].state.terminated.reason",
	}
}

test_judges_the_last_termination_alone if {
	found({"containerStatuses": [{
		"state": {"terminated": {"reason": "Error", "finishedAt": "2026-08-01T11:00:00Z"}},
		"lastState": kill("2026-08-01T10:00:00Z"),
	}]}) == set()
}

test_takes_wrong_types_without_error if {
	found({"containerStatuses": [restarted(null), restarted(7), null, "web", {"state": "ended", "lastState": null}]}) == set()
	found(null) == set()
	rule.violation == set() with input.object as {}
	count(found({"containerStatuses": [{"restartCount": null, "lastState": kill("2026-08-01T11:00:00Z")}]})) == 1
}
