package reeve.workloads.host_port_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.host_port as rule

published := {"name": "web", "ports": [{"containerPort": 9090}, {"containerPort": 8080, "hostPort": 80}]}

test_denies_with_message_path_and_name if {
	found := rule.violation with input.workload as given.deployment({"containers": [published]})
	found == {{
		"msg": "ports[1].hostPort is 80; remove it and publish the port with a Service",
		"path": "spec.template.spec.containers[0].ports[1].hostPort",
		"container": "web",
	}}
}

test_denies_every_port if {
	found := rule.violation with input.workload as given.pod({"containers": [{"ports": [{"hostPort": 80}, {"hostPort": 443}]}]})
	count(found) == 2
}

test_denies_an_init_container_of_a_cron_job if {
	found := rule.violation with input.workload as given.cron_job({"initContainers": [published]})
	given.paths(found) == {"spec.jobTemplate.spec.template.spec.initContainers[0].ports[1].hostPort"}
}

test_allows_zero_null_and_absent if {
	found := rule.violation with input.workload as given.pod({"containers": [
		{"ports": [{"hostPort": 0}, {"hostPort": null}, {"containerPort": 80}, {}]},
		{"ports": []},
		{"ports": null},
		{},
	]})
	found == set()
}

test_takes_wrong_types_without_error if {
	found := rule.violation with input.workload as given.pod({"containers": [{"ports": [null, "80", {"hostPort": "80"}]}, {"ports": "80"}, "web", null]})
	found == set()
	rule.violation == set() with input.workload as null
	rule.violation == set() with input.workload as given.pod(null)
}
