package reeve.network.network_policy_missing_test

import data.reeve.network.network_policy_missing as rule

shop := {"metadata": {"name": "shop"}}

# What the rule finds about the namespace shop in a cluster that has these objects in it.
found(objects) := violations if {
	violations := rule.violation with input.object as shop with data.inventory.namespace as {"shop": objects}
}

policy := {"networking.k8s.io/v1": {"NetworkPolicy": {"default-deny": {}}}}

test_denies_a_namespace_with_workloads_with_message_and_path if {
	found({"apps/v1": {"Deployment": {"web": {}, "cache": {}}}, "v1": {"Pod": {"web-1": {}}}}) == {{
		"msg": "namespace \"shop\" has workloads but no NetworkPolicy; add one that denies ingress by default",
		"path": "metadata.name",
	}}
}

test_denies_every_kind_of_workload if {
	kinds := {
		"v1": ["Pod", "ReplicationController"],
		"apps/v1": ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"],
		"batch/v1": ["Job", "CronJob"],
	}
	every version, names in kinds {
		every kind in names {
			count(found({version: {kind: {"web": {}}}})) == 1
		}
	}
}

test_allows_a_namespace_with_a_policy if {
	found(object.union(policy, {"v1": {"Pod": {"web": {}}}})) == set()
}

test_denies_if_the_policy_is_in_another_namespace if {
	violations := rule.violation with input.object as shop
		with data.inventory.namespace as {"ci": policy, "shop": {"v1": {"Pod": {"web": {}}}}}
	count(violations) == 1
}

test_denies_if_only_another_group_has_a_network_policy if {
	count(found({"crd.example.com/v1": {"NetworkPolicy": {"a": {}}}, "v1": {"Pod": {"web": {}}}})) == 1
}

test_denies_if_there_is_the_kind_but_no_policy_of_it if {
	count(found({"networking.k8s.io/v1": {"NetworkPolicy": {}}, "v1": {"Pod": {"web": {}}}})) == 1
}

test_allows_a_namespace_without_workloads if {
	found({}) == set()
	found({"v1": {"ConfigMap": {"a": {}}, "PodTemplate": {"a": {}}, "Pod": {}}}) == set()
	found({"serving.example.com/v1": {"Deployment": {"a": {}}}}) == set()
}

test_allows_a_namespace_that_is_being_deleted if {
	violations := rule.violation with input.object as {"metadata": {"name": "shop", "deletionTimestamp": "2026-03-01T10:00:00Z"}}
		with data.inventory.namespace as {"shop": {"v1": {"Pod": {"web": {}}}}}
	violations == set()
}

test_takes_an_unknown_namespace_and_no_inventory_without_error if {
	rule.violation == set() with input.object as shop with data.inventory as {}
	rule.violation == set() with input.object as shop with data.inventory.namespace as {"ci": policy}
	rule.violation == set() with input.object as {} with data.inventory.namespace as {"ci": policy}
	rule.violation == set() with input.object as null with data.inventory.namespace as {"ci": policy}
}
