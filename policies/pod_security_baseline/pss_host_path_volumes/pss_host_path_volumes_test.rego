package reeve.pod_security_baseline.pss_host_path_volumes_test

import data.reeve.lib.given_test as given
import data.reeve.pod_security_baseline.pss_host_path_volumes as rule

found(spec, version) := violations if {
	violations := rule.violation with input.workload as given.pod(spec)
		with input.parameters.version as version
}

test_denies_with_message_and_path if {
	found({"volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "logs", "hostPath": {"path": "/var/log"}}]}, "latest") == {{
		"msg": "volume \"logs\" is a hostPath; use an emptyDir, configMap or PersistentVolumeClaim instead",
		"path": "spec.volumes[1].hostPath",
	}}
}

test_denies_a_host_path_that_is_incomplete_or_of_the_wrong_type if {
	given.paths(found({"volumes": [{"hostPath": {}}, {"name": 7, "hostPath": "/etc"}]}, "v1.0")) == {"spec.volumes[0].hostPath", "spec.volumes[1].hostPath"}
}

test_allows_other_volumes_and_null if {
	found({"volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "nfs", "nfs": {}}, {"hostPath": null}, null, "hostPath"]}, "latest") == set()
	found({"volumes": null}, "latest") == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod(null) with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod({}) with input.parameters.version as "latest"
}
