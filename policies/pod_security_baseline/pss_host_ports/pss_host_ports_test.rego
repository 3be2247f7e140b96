package reeve.pod_security_baseline.pss_host_ports_test

import data.reeve.lib.given_test as given
import data.reeve.pod_security_baseline.pss_host_ports as rule

found(spec, version) := violations if {
	violations := rule.violation with input.workload as given.pod(spec)
		with input.parameters.version as version
}

on(port) := {"containers": [{"name": "web", "ports": [{"containerPort": 80}, {"containerPort": 8080, "hostPort": port}]}]}

test_denies_with_message_path_and_name if {
	found(on(80), "latest") == {{
		"msg": "hostPort is 80; remove it and publish the port with a Service",
		"path": "spec.containers[0].ports[1].hostPort",
		"container": "web",
	}}
}

test_denies_every_kind_of_container if {
	ports := [{"hostPort": 53}]
	given.paths(found({"initContainers": [{"ports": ports}], "ephemeralContainers": [{"ports": ports}]}, "v1.0")) == {
		"spec.initContainers[0].ports[0].hostPort",
		"spec.ephemeralContainers[0].ports[0].hostPort",
	}
}

test_denies_what_is_no_port if {
	count(found(on("80"), "latest")) == 1
	count(found(on(-1), "latest")) == 1
}

test_allows_zero_and_null if {
	found(on(0), "latest") == set()
	found(on(null), "latest") == set()
	found({"containers": [{"ports": null}, {"ports": "80"}, {"ports": [null, 80]}]}, "latest") == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod(null) with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod({}) with input.parameters.version as "latest"
}
