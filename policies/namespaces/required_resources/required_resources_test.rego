package reeve.namespaces.required_resources_test

import data.reeve.namespaces.required_resources as rule

# What the rule finds about the namespace shop with these objects.
found(objects, required) := violations if {
	violations := rule.violation with input.object.metadata as {"name": "shop"}
		with data.inventory.namespace as {"shop": objects}
		with input.parameters.required as required
}

quota := {"v1": {"ResourceQuota": {"compute": {}}}}

test_denies_with_message_and_path if {
	found({}, [{"kind": "ResourceQuota"}]) == {{
		"msg": "namespace \"shop\" has no ResourceQuota; create one",
		"path": "metadata.name",
	}}
}

test_denies_each_that_is_missing if {
	count(found(quota, [{"kind": "ResourceQuota"}, {"kind": "LimitRange"}, {"kind": "NetworkPolicy"}])) == 2
}

test_allows_what_is_there if {
	found(quota, [{"kind": "ResourceQuota"}]) == set()
	found(quota, [{"kind": "ResourceQuota", "apiVersion": "v1"}]) == set()
	found({"networking.k8s.io/v1": {"NetworkPolicy": {"a": {}}}}, [{"kind": "NetworkPolicy", "apiVersion": "networking.k8s.io/v1"}]) == set()
	found({"policy/v1": {"PodDisruptionBudget": {"a": {}}}}, [{"kind": "PodDisruptionBudget"}]) == set()
	found({"rbac.authorization.k8s.io/v1": {"RoleBinding": {"a": {}}}}, [{"kind": "RoleBinding"}]) == set()
}

test_denies_if_it_is_of_another_group_or_namespace_or_empty if {
	count(found({"crd.example.com/v1": {"NetworkPolicy": {"a": {}}}}, [{"kind": "NetworkPolicy"}])) == 1
	count(found({"v1": {"ResourceQuota": {}}}, [{"kind": "ResourceQuota"}])) == 1
	violations := rule.violation with input.object.metadata as {"name": "ci"}
		with data.inventory.namespace as {"shop": quota}
		with input.parameters.required as [{"kind": "ResourceQuota"}]
	count(violations) == 1
}

test_says_what_it_does_not_look_for if {
	some violation in found({}, [{"kind": "Backup"}])
	violation.msg == `the parameter required has {"kind": "Backup"}, which this rule does not look for; use one of the kinds LimitRange, NetworkPolicy, PodDisruptionBudget, ResourceQuota, RoleBinding`
	count(found(quota, [{"kind": "ResourceQuota", "apiVersion": "example.com/v1"}, {}, {"kind": 7}, {"kind": "ResourceQuota", "apiVersion": 7}])) == 4
}

test_allows_the_namespaces_of_kubernetes_and_those_being_deleted if {
	rule.violation == set() with input.object.metadata as {"name": "kube-system"}
		with data.inventory as {}
		with input.parameters.required as [{"kind": "ResourceQuota"}]
	rule.violation == set() with input.object.metadata as {"name": "shop", "deletionTimestamp": "2026-03-01T10:00:00Z"}
		with data.inventory as {}
		with input.parameters.required as [{"kind": "ResourceQuota"}]
	rule.violation == set() with input.object.metadata as {"name": "default"}
		with data.inventory as {}
		with input.parameters.required as [{"kind": "Backup"}]
}

test_is_off_while_nothing_is_required if {
	found({}, []) == set()
}
