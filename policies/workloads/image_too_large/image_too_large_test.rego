package reeve.workloads.image_too_large_test

import data.reeve.workloads.image_too_large as rule

digest := "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

web := {"reference": "registry.example.com:5000/shop/web:1.4.2", "registry": "registry.example.com:5000", "repository": "shop/web", "tag": "1.4.2", "digest": "", "invalid": false}

nginx := {"reference": "nginx", "registry": "docker.io", "repository": "library/nginx", "tag": "", "digest": "", "invalid": false}

node(names, bytes) := {"status": {"images": [{"names": ["other:1"], "sizeBytes": 1}, {"names": names, "sizeBytes": bytes}]}}

# What the rule finds about an image in a cluster of these nodes, for a pod spec.
found_on(spec, image, nodes) := violations if {
	violations := rule.violation with input.workload as {"spec": spec, "containers": [{
		"name": "web",
		"path": "spec.containers[0]",
		"image": image,
	}]}
		with input.parameters.maxBytes as 800000000
		with data.inventory.cluster.v1.Node as nodes
}

found(image, nodes) := found_on({}, image, nodes)

test_denies_with_message_path_and_name if {
	found(web, {"a": node(["registry.example.com:5000/shop/web:1.4.2"], 1234567890)}) == {{
		"msg": "image \"registry.example.com:5000/shop/web:1.4.2\" takes 1234.6 MB on a node, more than 800 MB; build it smaller",
		"path": "spec.containers[0].image",
		"container": "web",
	}}
}

test_allows_the_limit_and_denies_one_byte_more if {
	names := ["registry.example.com:5000/shop/web:1.4.2"]
	found(web, {"a": node(names, 800000000)}) == set()
	some violation in found(web, {"a": node(names, 800000001)})
	contains(violation.msg, "takes 800.1 MB on a node, more than 800 MB")
}

test_says_the_largest_size_of_all_nodes_once if {
	names := ["registry.example.com:5000/shop/web:1.4.2"]
	violations := found(web, {"a": node(names, 700000000), "b": node(names, 900000000), "c": node(names, 1000000000)})
	count(violations) == 1
	some violation in violations
	contains(violation.msg, "takes 1000 MB")
}

test_allows_an_image_that_no_node_has if {
	found(web, {}) == set()
	found(web, {"a": node(["registry.example.com:5000/shop/web:1.4.3", "registry.example.com/shop/web:1.4.2"], 900000000)}) == set()
}

test_finds_docker_hub_by_all_of_its_names if {
	count(found(nginx, {"a": node(["docker.io/library/nginx:latest"], 900000000)})) == 1
	count(found(nginx, {"a": node(["library/nginx:latest"], 900000000)})) == 1
	count(found(nginx, {"a": node(["nginx:latest"], 900000000)})) == 1
	found(nginx, {"a": node(["registry.example.com/library/nginx:latest"], 900000000)}) == set()
}

test_finds_an_image_by_its_digest_and_not_by_the_tag_beside_it if {
	pinned := object.union(web, {"digest": digest})
	name := "registry.example.com:5000/shop/web"
	count(found(pinned, {"a": node([concat("@", [name, digest])], 900000000)})) == 1
	found(pinned, {"a": node([concat(":", [name, "1.4.2"])], 900000000)}) == set()
}

test_looks_at_the_node_of_a_pod_that_runs if {
	names := ["registry.example.com:5000/shop/web:1.4.2"]
	nodes := {"a": node(names, 700000000), "b": node(names, 900000000)}
	found_on({"nodeName": "a"}, web, nodes) == set()
	count(found_on({"nodeName": "b"}, web, nodes)) == 1
	count(found_on({"nodeName": ""}, web, nodes)) == 1
	found_on({"nodeName": "gone"}, web, nodes) == set()
}

test_allows_a_reference_that_does_not_parse if {
	invalid := {"reference": "Web", "registry": "", "repository": "", "tag": "", "digest": "", "invalid": true}
	found(invalid, {"a": node([":latest", "/:latest"], 900000000)}) == set()
}

test_takes_wrong_types_without_error if {
	found(web, null) == set()
	found(web, {"a": null, "b": {"status": {"images": null}}, "c": {"status": {"images": ["web", {"names": null, "sizeBytes": 900000000}]}}}) == set()
	found(web, {"a": node(["registry.example.com:5000/shop/web:1.4.2"], "900000000")}) == set()
	found(web, {"a": node([null, 7], 900000000)}) == set()
}
