package reeve.network.default_deny_missing_test

import data.reeve.network.default_deny_missing as rule

shop := {"metadata": {"name": "shop"}}

# What the rule finds about the namespace shop with a pod and policies of these specs.
found(specs) := violations if {
	policies := {sprintf("p%d", [i]): {"spec": spec} | some i, spec in specs}
	violations := rule.violation with input.object as shop
		with data.inventory.namespace as {"shop": {
			"v1": {"Pod": {"web": {}}},
			"networking.k8s.io/v1": {"NetworkPolicy": policies},
		}}
}

test_denies_with_message_and_path if {
	found([]) == {{
		"msg": "namespace \"shop\" has no NetworkPolicy that denies ingress to all of its pods; add one with podSelector: {} and no ingress rules",
		"path": "metadata.name",
	}}
}

test_allows_a_default_deny_in_every_way_of_writing if {
	every spec in [
		{"podSelector": {}, "policyTypes": ["Ingress"]},
		{"podSelector": {}, "policyTypes": ["Egress", "Ingress"], "ingress": []},
		{"podSelector": {}},
		{"podSelector": {}, "policyTypes": null, "ingress": null},
		{"podSelector": {"matchLabels": {}, "matchExpressions": []}, "policyTypes": []},
		{"podSelector": null, "policyTypes": ["Ingress"]},
		{},
		null,
	] {
		found([spec]) == set()
	}
}

test_denies_what_is_no_default_deny_of_ingress if {
	every spec in [
		{"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]},
		{"podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}},
		{"podSelector": {}, "policyTypes": ["Egress"]},
		{"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]},
		{"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]},
	] {
		count(found([spec])) == 1
	}
}

test_allows_a_default_deny_beside_other_policies if {
	found([{"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{}]}, {"podSelector": {}}]) == set()
}

test_denies_if_the_policy_is_of_another_namespace_or_group if {
	violations := rule.violation with input.object as shop
		with data.inventory.namespace as {
			"shop": {"v1": {"Pod": {"web": {}}}, "crd.example.com/v1": {"NetworkPolicy": {"a": {"spec": {}}}}},
			"ci": {"networking.k8s.io/v1": {"NetworkPolicy": {"a": {"spec": {}}}}},
		}
	count(violations) == 1
}

test_allows_namespaces_without_pods_and_those_being_deleted if {
	rule.violation == set() with input.object as shop with data.inventory as {}
	rule.violation == set() with input.object as {"metadata": {"name": "shop", "deletionTimestamp": "2026-03-01T10:00:00Z"}}
		with data.inventory.namespace as {"shop": {"v1": {"Pod": {"web": {}}}}}
}

test_takes_wrong_types_without_error if {
	count(found([{"podSelector": "all"}, {"podSelector": {}, "policyTypes": "Ingress"}])) == 1
	rule.violation == set() with input.object as null with data.inventory as {}
}
