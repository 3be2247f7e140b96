package reeve.workloads.image_pull_policy_not_always_test

import data.reeve.workloads.image_pull_policy_not_always as rule

tagged := {"reference": "nginx:1.27", "registry": "docker.io", "repository": "library/nginx", "tag": "1.27", "digest": "", "invalid": false}

# What the rule finds about a container with such a spec and image.
found(spec, image) := violations if {
	violations := rule.violation with input.workload.containers as [{
		"name": "web",
		"kind": "main",
		"path": "spec.containers[0]",
		"spec": spec,
		"image": object.union(tagged, image),
	}]
}

test_denies_with_message_path_and_name if {
	found({"imagePullPolicy": "IfNotPresent"}, {}) == {{
		"msg": "imagePullPolicy is not Always and the image is not pinned by a digest; set it to Always or pin the image",
		"path": "spec.containers[0].imagePullPolicy",
		"container": "web",
	}}
}

test_denies_never_and_what_is_no_policy if {
	count(found({"imagePullPolicy": "Never"}, {})) == 1
	count(found({"imagePullPolicy": "always"}, {})) == 1
}

test_allows_always_and_not_set if {
	found({"imagePullPolicy": "Always"}, {}) == set()
	found({"imagePullPolicy": ""}, {}) == set()
	found({"imagePullPolicy": null}, {}) == set()
	found({}, {}) == set()
}

test_allows_an_image_pinned_by_digest if {
	found({"imagePullPolicy": "IfNotPresent"}, {"digest": "sha256:4bcff6"}) == set()
}

test_allows_an_image_that_does_not_parse if {
	found({"imagePullPolicy": "Never"}, {"reference": "Nginx", "registry": "", "repository": "", "tag": "", "invalid": true}) == set()
}

test_takes_wrong_types_without_error if {
	found({"imagePullPolicy": 7}, {}) == set()
	found("web", {}) == set()
	rule.violation == set() with input.workload as null
	rule.violation == set() with input.workload.containers as ["nginx"]
}
