package reeve.pod_security_restricted.pss_volume_types_test

import data.reeve.lib.given_test as given
import data.reeve.pod_security_restricted.pss_volume_types as rule

found(spec, version) := violations if {
	violations := rule.violation with input.workload as given.pod(spec)
		with input.parameters.version as version
}

test_denies_with_message_and_path if {
	found({"volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "export", "nfs": {"server": "files"}}]}, "latest") == {{
		"msg": "volume \"export\" is of none of the types that the restricted standard permits; use a PersistentVolumeClaim, emptyDir, configMap or secret",
		"path": "spec.volumes[1]",
	}}
}

test_denies_what_has_no_type if {
	given.paths(found({"volumes": [{"name": "none"}, null, "emptyDir", {"emptyDir": null}, {"hostPath": {"path": "/"}, "secret": null}]}, "v1.0")) == {
		"spec.volumes[0]",
		"spec.volumes[1]",
		"spec.volumes[2]",
		"spec.volumes[3]",
		"spec.volumes[4]",
	}
}

test_allows_permitted_types if {
	every type in ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"] {
		found({"volumes": [{"name": "volume", type: {}}]}, "latest") == set()
		found({"volumes": [{"name": "volume", type: {}, "nfs": null}]}, "v1.0") == set()
	}
}

test_allows_none if {
	found({"volumes": null}, "latest") == set()
	found({"volumes": []}, "latest") == set()
	found({"volumes": "nfs"}, "latest") == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod(null) with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod({}) with input.parameters.version as "latest"
}
