package reeve.workloads.image_registry_not_approved_test

import data.reeve.workloads.image_registry_not_approved as rule

# What the rule finds about an image while those registries are approved.
found(registry, repository, approved) := violations if {
	violations := rule.violation with input.workload.containers as [{
		"name": "web",
		"kind": "init",
		"path": "spec.initContainers[0]",
		"image": {
			"reference": sprintf("%s/%s:1.0", [registry, repository]),
			"registry": registry, "repository": repository,
			"tag": "1.0", "digest": "", "invalid": false,
		},
	}]
		with input.parameters.registries as approved
}

test_denies_with_message_path_and_name if {
	found("docker.io", "library/nginx", ["registry.example.com", "ghcr.io/shop"]) == {{
		"msg": "image \"docker.io/library/nginx:1.0\" is not from an approved registry (ghcr.io/shop, registry.example.com); use an image from there",
		"path": "spec.initContainers[0].image",
		"container": "web",
	}}
}

test_is_off_while_no_registry_is_approved if {
	found("docker.io", "library/nginx", []) == set()
}

test_allows_a_whole_registry_and_paths_in_it if {
	found("registry.example.com", "shop/web", ["registry.example.com"]) == set()
	found("registry.example.com", "shop/web", ["registry.example.com/"]) == set()
	found("ghcr.io", "shop/web", ["ghcr.io/shop"]) == set()
	found("ghcr.io", "shop/web", ["ghcr.io/shop/"]) == set()
	found("ghcr.io", "shop/web", [" ghcr.io/shop/web "]) == set()
}

test_denies_what_only_begins_with_the_same_letters if {
	count(found("registry.example.com.evil.net", "shop/web", ["registry.example.com"])) == 1
	count(found("ghcr.io", "shopping/web", ["ghcr.io/shop"])) == 1
	count(found("ghcr.io", "shop/web-evil", ["ghcr.io/shop/web"])) == 1
	count(found("ghcr.io", "evil/ghcr.io/shop/web", ["ghcr.io/shop"])) == 1
	count(found("ghcr.io", "shop", ["ghcr.io/shop/web"])) == 1
}

test_tells_ports_apart if {
	found("registry.example.com:5000", "web", ["registry.example.com:5000"]) == set()
	found("localhost:5000", "web", ["localhost:5000"]) == set()
	count(found("registry.example.com:5000", "web", ["registry.example.com"])) == 1
	count(found("registry.example.com", "web", ["registry.example.com:5000"])) == 1
	count(found("registry.example.com:50001", "web", ["registry.example.com:5000"])) == 1
}

test_takes_entries_without_a_host_for_those_of_docker_io if {
	found("docker.io", "bitnami/redis", ["bitnami"]) == set()
	found("docker.io", "library/nginx", ["library/nginx"]) == set()
	found("docker.io", "library/nginx", ["docker.io"]) == set()
	found("docker.io", "library/nginx", ["index.docker.io/library"]) == set()
	found("docker.io", "library/nginx", ["registry-1.docker.io"]) == set()
	count(found("ghcr.io", "bitnami/redis", ["bitnami"])) == 1
	count(found("docker.io", "localhost/web", ["localhost"])) == 1
	found("localhost", "web", ["localhost"]) == set()
}

test_compares_hosts_without_letter_case if {
	found("Registry.Example.com", "web", ["registry.example.com"]) == set()
	found("registry.example.com", "web", ["Registry.Example.COM"]) == set()
	count(found("ghcr.io", "shop/web", ["ghcr.io/Shop"])) == 1
}

test_denies_everything_while_only_empty_entries_are_approved if {
	count(found("docker.io", "library/nginx", ["", "/", " "])) == 1
	count(found("docker.io", "library/nginx", [null, 7])) == 1
}

test_denies_a_reference_that_does_not_parse_and_allows_an_empty_one if {
	image := {"reference": "Nginx", "registry": "", "repository": "", "tag": "", "digest": "", "invalid": true}
	denied := rule.violation with input.workload.containers as [{"name": "a", "path": "spec.containers[0]", "image": image}]
		with input.parameters.registries as ["docker.io"]
	count(denied) == 1
	allowed := rule.violation with input.workload.containers as [{"name": "a", "path": "spec.containers[0]", "image": object.union(image, {"reference": ""})}]
		with input.parameters.registries as ["docker.io"]
	allowed == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null with input.parameters.registries as ["docker.io"]
	rule.violation == set() with input.workload.containers as ["nginx"] with input.parameters.registries as ["docker.io"]
}
