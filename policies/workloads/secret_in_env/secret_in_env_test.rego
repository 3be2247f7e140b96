package reeve.workloads.secret_in_env_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.secret_in_env as rule

password := {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}}}

test_denies_a_key_with_message_path_and_name if {
	found := rule.violation with input.workload as given.deployment({"containers": [{"name": "web", "env": [{"name": "A", "value": "b"}, password]}]})
	found == {{
		"msg": "the variable comes from a secret; mount the secret as a file instead",
		"path": "spec.template.spec.containers[0].env[1].valueFrom.secretKeyRef",
		"container": "web",
	}}
}

test_denies_all_keys_with_message_path_and_name if {
	found := rule.violation with input.workload as given.pod({"initContainers": [{"name": "init", "envFrom": [{"configMapRef": {"name": "a"}}, {"secretRef": {"name": "database"}}]}]})
	found == {{
		"msg": "envFrom takes all keys of the secret \"database\"; mount the secret as files instead",
		"path": "spec.initContainers[0].envFrom[1].secretRef",
		"container": "init",
	}}
}

test_denies_ephemeral_containers_of_a_cron_job if {
	found := rule.violation with input.workload as given.cron_job({"ephemeralContainers": [{"env": [password]}]})
	count(found) == 1
}

test_denies_optional_and_nameless_references if {
	found := rule.violation with input.workload as given.pod({"containers": [{"env": [
		{"valueFrom": {"secretKeyRef": {"key": "a", "optional": true}}},
		{"name": 7, "valueFrom": {"secretKeyRef": {"name": null}}},
	]}]})
	given.paths(found) == {"spec.containers[0].env[0].valueFrom.secretKeyRef", "spec.containers[0].env[1].valueFrom.secretKeyRef"}
}

test_allows_other_sources_and_null if {
	found := rule.violation with input.workload as given.pod({"containers": [
		{"env": [
			{"name": "A", "value": "b"},
			{"name": "B", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "b"}}},
			{"name": "C", "valueFrom": {"secretKeyRef": null, "fieldRef": {"fieldPath": "metadata.name"}}},
			{"name": "D", "valueFrom": null},
		]},
		{"envFrom": [{"configMapRef": {"name": "a"}}, {"secretRef": null}]},
		{"env": null, "envFrom": null},
		{},
	]})
	found == set()
}

test_takes_wrong_types_without_error if {
	found := rule.violation with input.workload as given.pod({"containers": ["web", null, {"env": "A=b", "envFrom": "database"}, {"env": [null, "A=b"], "envFrom": [null, "database"]}]})
	found == set()
	rule.violation == set() with input.workload as null
}
