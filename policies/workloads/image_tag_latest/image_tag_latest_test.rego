package reeve.workloads.image_tag_latest_test

import data.reeve.workloads.image_tag_latest as rule

latest := {"reference": "nginx:latest", "registry": "docker.io", "repository": "library/nginx", "tag": "latest", "digest": "", "invalid": false}

# What the rule finds about an ephemeral container with such an image.
found(image) := violations if {
	violations := rule.violation with input.workload.containers as [{
		"name": "debug",
		"kind": "ephemeral",
		"path": "spec.ephemeralContainers[0]",
		"image": object.union(latest, image),
	}]
}

test_denies_latest_with_message_path_and_name if {
	found({}) == {{
		"msg": "image \"nginx:latest\" has the tag \"latest\"; name a version, better still a digest",
		"path": "spec.ephemeralContainers[0].image",
		"container": "debug",
	}}
}

test_allows_latest_beside_a_digest if {
	found({"digest": "sha256:4bcff6"}) == set()
}

test_allows_other_tags if {
	found({"tag": "1.27"}) == set()
	found({"tag": "latest-alpine"}) == set()
}

test_allows_no_tag_which_is_for_another_rule if {
	found({"reference": "nginx", "tag": ""}) == set()
}

test_allows_a_reference_that_does_not_parse if {
	found({"reference": "Nginx:latest", "registry": "", "repository": "", "tag": "", "invalid": true}) == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null
	rule.violation == set() with input.workload.containers as null
	rule.violation == set() with input.workload.containers as ["nginx:latest", {"image": "nginx:latest"}]
}
