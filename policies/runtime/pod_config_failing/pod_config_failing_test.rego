package reeve.runtime.pod_config_failing_test

import data.reeve.lib.given_test as given
import data.reeve.runtime.pod_config_failing as rule

waiting(reason) := {"name": "web", "state": {"waiting": {"reason": reason, "message": `configmap "web" not found`}}}

test_denies_with_message_path_and_name if {
	found := rule.violation with input.object.status as {"containerStatuses": [waiting("CreateContainerConfigError")]}
	found == {{
		"msg": concat("; ", [
			`waits in "CreateContainerConfigError"`,
			`the kubelet says "configmap 'web' not found"`,
			"check the ConfigMaps, Secrets, command, user, mounts and hooks that the container names",
		]),
		"path": "status.containerStatuses[0].state.waiting.reason",
		"container": "web",
	}}
}

test_denies_every_reason_of_a_container_that_cannot_start if {
	found := rule.violation with input.object.status as {"containerStatuses": [
		waiting("CreateContainerConfigError"),
		waiting("CreateContainerError"),
		waiting("PostStartHookError"),
		waiting("PreCreateHookError"),
		waiting("PreStartHookError"),
		waiting("RunContainerError"),
	]}
	count(found) == 6
}

test_denies_init_and_ephemeral_containers if {
	found := rule.violation with input.object.status as {
		"initContainerStatuses": [waiting("RunContainerError")],
		"ephemeralContainerStatuses": [waiting("CreateContainerError")],
	}
	given.paths(found) == {
		"status.initContainerStatuses[0].state.waiting.reason",
		"status.ephemeralContainerStatuses[0].state.waiting.reason",
	}
}

test_allows_other_reasons_and_states if {
	found := rule.violation with input.object.status as {"containerStatuses": [
		waiting("ContainerCreating"),
		waiting("ImagePullBackOff"),
		waiting("CrashLoopBackOff"),
		{"name": "web", "state": {"running": {}}, "lastState": {"waiting": {"reason": "RunContainerError"}}},
	]}
	found == set()
}

test_takes_wrong_types_without_error if {
	rule.violation == set() with input.object as {}
	rule.violation == set() with input.object.status as null
	rule.violation == set() with input.object.status as {"containerStatuses": null, "initContainerStatuses": "none"}
	rule.violation == set() with input.object.status as {"containerStatuses": [null, "web", {"state": null}, {"state": {"waiting": "RunContainerError"}}, waiting(["RunContainerError"])]}
}
