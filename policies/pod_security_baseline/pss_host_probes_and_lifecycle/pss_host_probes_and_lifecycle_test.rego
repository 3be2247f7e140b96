package reeve.pod_security_baseline.pss_host_probes_and_lifecycle_test

import data.reeve.lib.given_test as given
import data.reeve.pod_security_baseline.pss_host_probes_and_lifecycle as rule

found(spec, version) := violations if {
	violations := rule.violation with input.workload as given.pod(spec)
		with input.parameters.version as version
}

with_web(fields) := {"containers": [object.union({"name": "web"}, fields)]}

test_denies_probe_with_message_path_and_name if {
	found(with_web({"livenessProbe": {"httpGet": {"host": "10.0.0.1", "port": 80}}}), "latest") == {{
		"msg": "livenessProbe.httpGet.host is \"10.0.0.1\"; remove it, so that the kubelet calls the pod itself",
		"path": "spec.containers[0].livenessProbe.httpGet.host",
		"container": "web",
	}}
}

test_denies_hook_with_message_path_and_name if {
	found(with_web({"lifecycle": {"preStop": {"tcpSocket": {"host": "node"}}}}), "v1.34") == {{
		"msg": "lifecycle.preStop.tcpSocket.host is \"node\"; remove it, so that the kubelet calls the pod itself",
		"path": "spec.containers[0].lifecycle.preStop.tcpSocket.host",
		"container": "web",
	}}
}

test_denies_every_probe_and_hook if {
	both := {"httpGet": {"host": "node"}, "tcpSocket": {"host": "node"}}
	count(found(
		with_web({
			"livenessProbe": both,
			"readinessProbe": both,
			"startupProbe": both,
			"lifecycle": {"postStart": both, "preStop": both},
		}),
		"latest",
	)) == 10
}

test_denies_what_is_no_name if {
	count(found(with_web({"readinessProbe": {"tcpSocket": {"host": 7}}}), "latest")) == 1
}

test_allows_everything_before_v1_34 if {
	found(with_web({"livenessProbe": {"httpGet": {"host": "node"}}, "lifecycle": {"postStart": {"httpGet": {"host": "node"}}}}), "v1.33") == set()
}

test_allows_the_pod_itself if {
	found(
		with_web({
			"livenessProbe": {"httpGet": {"host": "", "port": 80}, "periodSeconds": 10},
			"readinessProbe": {"tcpSocket": {"host": null}},
			"startupProbe": {"exec": {"host": "node"}},
			"lifecycle": {"preStop": {"httpGet": {"host": ""}, "sleep": {"host": "node"}}, "atEnd": {"httpGet": {"host": "node"}}},
		}),
		"latest",
	) == set()
}

test_takes_wrong_types_without_error if {
	found(with_web({"livenessProbe": "httpGet", "readinessProbe": null, "startupProbe": {"httpGet": "host"}, "lifecycle": ["preStop"]}), "latest") == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod(null) with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod({}) with input.parameters.version as "latest"
}
