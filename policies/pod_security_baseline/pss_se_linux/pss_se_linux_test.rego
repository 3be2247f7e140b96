package reeve.pod_security_baseline.pss_se_linux_test

import data.reeve.lib.given_test as given
import data.reeve.pod_security_baseline.pss_se_linux as rule

found(spec, version) := violations if {
	violations := rule.violation with input.workload as given.pod(spec)
		with input.parameters.version as version
}

options(fields) := {"securityContext": {"seLinuxOptions": fields}}

test_denies_pod_with_message_and_path if {
	found(options({"type": "spc_t"}), "latest") == {{
		"msg": "the pod's securityContext.seLinuxOptions.type is \"spc_t\"; remove it or use container_t",
		"path": "spec.securityContext.seLinuxOptions.type",
	}}
}

test_denies_container_with_message_path_and_name if {
	found({"initContainers": [object.union({"name": "init"}, options({"user": "system_u"}))]}, "v1.0") == {{
		"msg": "securityContext.seLinuxOptions.user is \"system_u\"; remove it",
		"path": "spec.initContainers[0].securityContext.seLinuxOptions.user",
		"container": "init",
	}}
}

test_denies_each_field if {
	given.paths(found(options({"type": "CONTAINER_T", "user": "u", "role": "r", "level": "s0"}), "latest")) == {
		"spec.securityContext.seLinuxOptions.type",
		"spec.securityContext.seLinuxOptions.user",
		"spec.securityContext.seLinuxOptions.role",
	}
	count(found(options({"type": 7, "role": ["r"]}), "latest")) == 2
}

test_allows_the_types_of_containers if {
	every type in ["container_t", "container_init_t", "container_kvm_t", "", null] {
		found(options({"type": type}), "v1.0") == set()
		found(options({"type": type}), "latest") == set()
	}
}

test_allows_container_engine_t_since_v1_31 if {
	count(found(options({"type": "container_engine_t"}), "v1.30")) == 1
	found(options({"type": "container_engine_t"}), "v1.31") == set()
}

test_allows_what_is_empty if {
	found(options({"user": "", "role": null, "level": "s0:c1,c2"}), "latest") == set()
	found(options({}), "latest") == set()
	found(options(null), "latest") == set()
	found(options("spc_t"), "latest") == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod(null) with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod({}) with input.parameters.version as "latest"
}
