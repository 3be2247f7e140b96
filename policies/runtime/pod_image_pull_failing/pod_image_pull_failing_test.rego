package reeve.runtime.pod_image_pull_failing_test

import data.reeve.lib.given_test as given
import data.reeve.runtime.pod_image_pull_failing as rule

waiting(reason) := {"name": "web", "image": "nginx:nope", "state": {"waiting": {"reason": reason, "message": "not found"}}}

test_denies_with_message_path_and_name if {
	found := rule.violation with input.object.status as {"containerStatuses": [waiting("ImagePullBackOff")]}
	found == {{
		"msg": concat("; ", [
			`waits in "ImagePullBackOff" for image "nginx:nope"`,
			`the kubelet says "not found"`,
			"check the reference, the registry and the pull secret",
		]),
		"path": "status.containerStatuses[0].state.waiting.reason",
		"container": "web",
	}}
}

test_denies_every_reason_of_a_failing_pull if {
	found := rule.violation with input.object.status as {"containerStatuses": [
		waiting("ErrImagePull"),
		waiting("ErrImageNeverPull"),
		waiting("InvalidImageName"),
		waiting("ImagePullBackOff"),
		waiting("RegistryUnavailable"),
		waiting("SignatureValidationFailed"),
	]}
	count(found) == 6
}

test_denies_init_containers if {
	found := rule.violation with input.object.status as {"initContainerStatuses": [waiting("ErrImagePull")]}
	given.paths(found) == {"status.initContainerStatuses[0].state.waiting.reason"}
}

test_denies_with_a_shorter_message_where_little_is_known if {
	found := rule.violation with input.object.status as {"containerStatuses": [{"state": {"waiting": {"reason": "ErrImagePull"}}}]}
	found == {{
		"msg": `waits in "ErrImagePull" for image ""; check the reference, the registry and the pull secret`,
		"path": "status.containerStatuses[0].state.waiting.reason",
		"container": "",
	}}
}

test_allows_other_reasons_and_states if {
	found := rule.violation with input.object.status as {"containerStatuses": [
		waiting("ContainerCreating"),
		waiting("PodInitializing"),
		waiting("CrashLoopBackOff"),
		{"name": "web", "state": {"running": {}}},
	]}
	found == set()
}

test_allows_ephemeral_containers if {
	found := rule.violation with input.object.status as {"ephemeralContainerStatuses": [waiting("ErrImagePull")]}
	found == set()
}

test_takes_wrong_types_without_error if {
	rule.violation == set() with input.object as {}
	rule.violation == set() with input.object.status as null
	rule.violation == set() with input.object.status as {"containerStatuses": null, "initContainerStatuses": "none"}
	rule.violation == set() with input.object.status as {"containerStatuses": [null, "web", {"state": null}, {"state": {"waiting": "ErrImagePull"}}, waiting(["ErrImagePull"])]}
}
