package reeve.workloads.image_tag_missing_test

import data.reeve.workloads.image_tag_missing as rule

plain := {"reference": "nginx", "registry": "docker.io", "repository": "library/nginx", "tag": "", "digest": "", "invalid": false}

# What the rule finds about an init container with such an image.
found(image) := violations if {
	violations := rule.violation with input.workload.containers as [{
		"name": "web",
		"kind": "init",
		"path": "spec.initContainers[0]",
		"image": object.union(plain, image),
	}]
}

test_denies_neither_tag_nor_digest_with_message_path_and_name if {
	found({}) == {{
		"msg": "image \"nginx\" has neither tag nor digest; name a version, better still a digest",
		"path": "spec.initContainers[0].image",
		"container": "web",
	}}
}

test_denies_a_registry_port_without_a_tag if {
	count(found({"reference": "registry.example.com:5000/shop/web", "registry": "registry.example.com:5000", "repository": "shop/web"})) == 1
}

test_allows_a_tag if {
	found({"tag": "1.27"}) == set()
	found({"tag": "latest"}) == set()
}

test_allows_a_digest if {
	found({"digest": "sha256:4bcff6"}) == set()
	found({"tag": "latest", "digest": "sha256:4bcff6"}) == set()
}

test_allows_a_reference_that_does_not_parse if {
	found({"reference": "Nginx", "registry": "", "repository": "", "invalid": true}) == set()
}

test_allows_an_empty_reference if {
	found({"reference": "", "registry": "", "repository": "", "invalid": true}) == set()
	found({"reference": "", "registry": "", "repository": "", "invalid": false}) == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null
	rule.violation == set() with input.workload.containers as null
	rule.violation == set() with input.workload.containers as ["nginx", {"image": "nginx"}]
}
