package reeve.availability.pdb_missing_test

import data.reeve.availability.pdb_missing as rule

# A Deployment as the rule sees it; its pods are labelled app=web and tier=front.
deployment(metadata, spec) := {
	"object": {"kind": "Deployment", "metadata": metadata, "spec": spec},
	"workload": {"kind": "Deployment", "metadata": {"labels": {"app": "web", "tier": "front"}}},
}

# What the rule finds about two replicas in a namespace with a budget of such a spec.
found(budget) := found_in("policy/v1", budget)

found_in(version, budget) := violations if {
	violations := rule.violation with input as deployment({"name": "web", "namespace": "shop"}, {"replicas": 2})
		with data.inventory.namespace as {"shop": {version: {"PodDisruptionBudget": {"web": {"spec": budget}}}}}
}

test_denies_without_a_budget_with_message_and_path if {
	violations := rule.violation with input as deployment({"name": "web", "namespace": "shop"}, {"replicas": 3})
		with data.inventory as {}
	violations == {{
		"msg": "3 replicas and no PodDisruptionBudget in namespace \"shop\" selects them; add one with maxUnavailable: 1",
		"path": "spec.replicas",
	}}
}

test_allows_one_replica_none_or_the_default if {
	rule.violation == set() with input as deployment({"namespace": "shop"}, {"replicas": 1}) with data.inventory as {}
	rule.violation == set() with input as deployment({"namespace": "shop"}, {"replicas": 0}) with data.inventory as {}
	rule.violation == set() with input as deployment({"namespace": "shop"}, {"replicas": null}) with data.inventory as {}
	rule.violation == set() with input as deployment({"namespace": "shop"}, {}) with data.inventory as {}
}

test_allows_a_budget_that_selects_the_labels if {
	found({"selector": {"matchLabels": {"app": "web"}}}) == set()
	found({"selector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}}) == set()
}

test_denies_a_budget_that_selects_others if {
	count(found({"selector": {"matchLabels": {"app": "db"}}})) == 1
	count(found({"selector": {"matchLabels": {"app": "web", "tier": "back"}}})) == 1
}

test_allows_an_empty_selector_which_selects_all if {
	found({"selector": {}}) == set()
}

test_denies_an_absent_selector_which_selects_none if {
	count(found({"minAvailable": 1})) == 1
	count(found({"minAvailable": 1, "selector": null})) == 1
}

test_denies_an_empty_selector_of_the_beta_version_which_selected_none if {
	count(found_in("policy/v1beta1", {"selector": {}})) == 1
	found_in("policy/v1beta1", {"selector": {"matchLabels": {"app": "web"}}}) == set()
}

test_denies_a_budget_of_another_group if {
	count(found_in("policy.example.com/v1", {"selector": {}})) == 1
}

test_denies_a_budget_of_another_namespace if {
	violations := rule.violation with input as deployment({"name": "web", "namespace": "shop"}, {"replicas": 2})
		with data.inventory.namespace as {"ci": {"policy/v1": {"PodDisruptionBudget": {"all": {"spec": {"selector": {}}}}}}}
	count(violations) == 1
}

test_takes_a_missing_namespace_for_default if {
	inventory := {"default": {"policy/v1": {"PodDisruptionBudget": {"all": {"spec": {"selector": {}}}}}}}
	rule.violation == set() with input as deployment({"name": "web"}, {"replicas": 2}) with data.inventory.namespace as inventory
	rule.violation == set() with input as deployment({"name": "web", "namespace": ""}, {"replicas": 2}) with data.inventory.namespace as inventory
}

test_allows_an_empty_selector_for_pods_without_labels if {
	violations := rule.violation with input as {
		"object": {"metadata": {"namespace": "shop"}, "spec": {"replicas": 2}},
		"workload": {"metadata": null},
	}
		with data.inventory.namespace as {"shop": {"policy/v1": {"PodDisruptionBudget": {"all": {"spec": {"selector": {}}}}}}}
	violations == set()
}

test_takes_wrong_types_without_error if {
	rule.violation == set() with input as deployment(null, {"replicas": "2"}) with data.inventory as {}
	rule.violation == set() with input as deployment(null, "spec") with data.inventory as {}
	rule.violation == set() with input as {} with data.inventory as {}
	count(found("none")) == 1
	count(found({"selector": "app=web"})) == 1
}
