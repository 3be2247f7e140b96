package reeve.workloads.host_path_volume_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.host_path_volume as rule

# What the rule finds about a pod that mounts the host path, read-only or not.
found(path, read_only, allowed) := violations if {
	violations := rule.violation with input.workload as given.pod({
		"volumes": [{"name": "cache", "emptyDir": {}}, {"name": "host", "hostPath": {"path": path}}],
		"containers": [{"name": "agent", "volumeMounts": [
			{"name": "cache", "mountPath": "/cache"},
			{"name": "host", "mountPath": "/host", "readOnly": read_only},
		]}],
	})
		with input.parameters.allowedPaths as allowed
}

refused := {"spec.volumes[1].hostPath.path"}

writable := {"spec.containers[0].volumeMounts[1].readOnly"}

test_denies_a_host_path_with_message_and_path if {
	found("/var/run", true, []) == {{
		"msg": "volume \"host\" mounts the host path \"/var/run\"; use an emptyDir, configMap or PersistentVolumeClaim instead",
		"path": "spec.volumes[1].hostPath.path",
	}}
}

test_denies_writing_what_is_permitted_read_only_with_message_path_and_name if {
	found("/var/log", false, [{"pathPrefix": "/var/log", "readOnly": true}]) == {{
		"msg": "mounts the host path \"/var/log\" writable, but it is permitted read-only; set readOnly: true on the volumeMount",
		"path": "spec.containers[0].volumeMounts[1].readOnly",
		"container": "agent",
	}}
}

test_denies_each_volume_of_a_cron_job if {
	violations := rule.violation with input.workload as given.cron_job({"volumes": [
		{"name": "a", "hostPath": {"path": "/a"}},
		{"name": "b", "hostPath": {"path": "/b"}},
	]})
		with input.parameters.allowedPaths as []
	count(violations) == 2
}

test_allows_permitted_prefixes_by_whole_components if {
	permits := [{"pathPrefix": "/var/log"}, {"pathPrefix": "/run/agent/"}]
	found("/var/log", false, permits) == set()
	found("/var/log/", false, permits) == set()
	found("/var/log/pods", false, permits) == set()
	found("/run/agent", false, permits) == set()
	found("/run/agent/sock", false, permits) == set()
}

test_denies_what_only_begins_with_the_same_letters if {
	permits := [{"pathPrefix": "/var/log"}]
	given.paths(found("/var/logs", true, permits)) == refused
	given.paths(found("/var", true, permits)) == refused
	given.paths(found("/", true, permits)) == refused
	given.paths(found("var/log", true, permits)) == refused
	given.paths(found("/host/var/log", true, permits)) == refused
}

test_allows_everything_under_the_root_prefix if {
	found("/", false, [{"pathPrefix": "/"}]) == set()
	found("/etc", false, [{"pathPrefix": "/"}]) == set()
}

test_denies_a_path_that_leaves_its_prefix if {
	permits := [{"pathPrefix": "/var/log"}, {"pathPrefix": "/"}]
	given.paths(found("/var/log/../../etc", true, permits)) == refused
	given.paths(found("/var/log/..", true, permits)) == refused
	given.paths(found(`C:/logs/a\..\..\Windows`, true, [{"pathPrefix": "C:/logs"}])) == refused
}

test_allows_two_dots_within_a_name if {
	found("/var/log/a..b", true, [{"pathPrefix": "/var/log"}]) == set()
}

test_allows_reading_what_is_permitted_read_only if {
	found("/var/log", true, [{"pathPrefix": "/var/log", "readOnly": true}]) == set()
}

test_allows_writing_if_any_permit_does if {
	found("/var/log/app", false, [{"pathPrefix": "/var/log", "readOnly": true}, {"pathPrefix": "/var/log/app"}]) == set()
}

test_denies_writing_by_an_init_or_ephemeral_container if {
	mount := [{"name": "host", "mountPath": "/host"}]
	violations := rule.violation with input.workload as given.pod({
		"volumes": [{"name": "host", "hostPath": {"path": "/var/log"}}],
		"initContainers": [{"name": "init", "volumeMounts": mount}],
		"containers": [{"name": "main"}],
		"ephemeralContainers": [{"name": "debug", "volumeMounts": mount}],
	})
		with input.parameters.allowedPaths as [{"pathPrefix": "/var/log", "readOnly": true}]
	given.paths(violations) == {
		"spec.initContainers[0].volumeMounts[0].readOnly",
		"spec.ephemeralContainers[0].volumeMounts[0].readOnly",
	}
}

test_denies_a_path_that_no_useful_prefix_covers if {
	given.paths(found("/etc", true, [{"pathPrefix": ""}, {"pathPrefix": null}, {}, "/etc", null])) == refused
	given.paths(found("", true, [{"pathPrefix": "/"}])) == refused
}

test_denies_a_host_path_without_a_proper_path if {
	given.paths(found(null, true, [{"pathPrefix": "/"}])) == refused
	given.paths(found(7, true, [{"pathPrefix": "/"}])) == refused
	violations := rule.violation with input.workload as given.pod({"volumes": [{"hostPath": {}}]})
		with input.parameters.allowedPaths as []
	given.paths(violations) == {"spec.volumes[0].hostPath.path"}
}

test_takes_a_permit_that_is_not_plainly_writable_as_read_only if {
	given.paths(found("/var/log", false, [{"pathPrefix": "/var/log", "readOnly": "yes"}])) == writable
}

test_allows_other_volumes_and_null if {
	violations := rule.violation with input.workload as given.pod({"volumes": [{"hostPath": null}, {"emptyDir": {}}, null, "hostPath", {"hostPath": "/etc"}]})
		with input.parameters.allowedPaths as []
	violations == set()
}

test_takes_missing_volumes_without_error if {
	rule.violation == set() with input.workload as given.pod({"volumes": null}) with input.parameters.allowedPaths as []
	rule.violation == set() with input.workload as given.pod({}) with input.parameters.allowedPaths as []
	rule.violation == set() with input.workload as null with input.parameters.allowedPaths as []
}
