package reeve.workloads.image_digest_missing_test

import data.reeve.workloads.image_digest_missing as rule

tagged := {"reference": "nginx:1.27", "registry": "docker.io", "repository": "library/nginx", "tag": "1.27", "digest": "", "invalid": false}

# What the rule finds about an init container with such an image.
found(image) := violations if {
	violations := rule.violation with input.workload.containers as [{
		"name": "web",
		"kind": "init",
		"path": "spec.initContainers[0]",
		"image": object.union(tagged, image),
	}]
}

test_denies_a_tag_with_message_path_and_name if {
	found({}) == {{
		"msg": "the image is not pinned by a digest; add @sha256:... to its reference",
		"path": "spec.initContainers[0].image",
		"container": "web",
	}}
}

test_denies_neither_tag_nor_digest if {
	count(found({"reference": "nginx", "tag": ""})) == 1
}

test_allows_a_digest_with_and_without_a_tag if {
	found({"tag": "", "digest": "sha256:4bcff6"}) == set()
	found({"digest": "sha256:4bcff6"}) == set()
}

test_allows_what_does_not_parse if {
	found({"reference": "Nginx", "registry": "", "repository": "", "tag": "", "invalid": true}) == set()
	found({"reference": "", "registry": "", "repository": "", "tag": "", "invalid": true}) == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null
	rule.violation == set() with input.workload.containers as null
	rule.violation == set() with input.workload.containers as ["nginx", {"image": "nginx"}]
}
