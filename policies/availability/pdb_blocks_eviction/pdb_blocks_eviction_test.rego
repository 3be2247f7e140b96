package reeve.availability.pdb_blocks_eviction_test

import data.reeve.availability.pdb_blocks_eviction as rule

web := {"matchLabels": {"app": "web"}}

# What the rule finds about a budget in a namespace with these objects.
found_in(objects, object) := violations if {
	violations := rule.violation with input.object as object with data.inventory.namespace as {"shop": objects}
}

budget(spec) := {"apiVersion": "policy/v1", "metadata": {"name": "web", "namespace": "shop"}, "spec": object.union({"selector": web}, spec)}

found(spec) := found_in({}, budget(spec))

workload(kind, replicas, labels) := {
	"kind": kind,
	"metadata": {"name": "web"},
	"spec": {"replicas": replicas, "template": {"metadata": {"labels": labels}}},
}

three := {"apps/v1": {"Deployment": {"web": workload("Deployment", 3, {"app": "web"})}}}

test_denies_no_unavailable_with_message_and_path if {
	found({"maxUnavailable": 0}) == {{
		"msg": "maxUnavailable is 0, so no pod can ever be evicted; set it to 1 or more",
		"path": "spec.maxUnavailable",
	}}
}

test_denies_all_available_with_message_and_path if {
	found({"minAvailable": "100%"}) == {{
		"msg": "minAvailable is 100%, so no pod can ever be evicted; use maxUnavailable: 1 instead",
		"path": "spec.minAvailable",
	}}
}

test_denies_as_many_as_there_are_with_message_and_path if {
	found_in(three, budget({"minAvailable": 3})) == {{
		"msg": "minAvailable is 3 of 3 pods, so none can ever be evicted; lower it, or run more replicas",
		"path": "spec.minAvailable",
	}}
}

test_denies_no_unavailable_in_every_way_of_writing if {
	count(found({"maxUnavailable": "0%"})) == 1
	count(found({"maxUnavailable": "00%"})) == 1
	found({"maxUnavailable": 1}) == set()
	found({"maxUnavailable": "1%"}) == set()
	found({"maxUnavailable": "10%"}) == set()
}

test_allows_available_that_leave_room if {
	found({"minAvailable": 0}) == set()
	found({"minAvailable": "0%"}) == set()
	found({"minAvailable": "99%"}) == set()
	found_in(three, budget({"minAvailable": 2})) == set()
	found_in(three, budget({"minAvailable": "66%"})) == set()
	found_in(three, budget({})) == set()
}

test_denies_more_than_there_are if {
	count(found_in(three, budget({"minAvailable": 4}))) == 1
}

test_rounds_percentages_up_as_the_controller_does if {
	count(found_in(three, budget({"minAvailable": "67%"}))) == 1
	count(found_in(three, budget({"minAvailable": "99%"}))) == 1
	count(found_in(three, budget({"minAvailable": "100%"}))) == 1
}

test_adds_up_all_workloads_that_are_selected if {
	both := {"apps/v1": {
		"Deployment": {"a": workload("Deployment", 2, {"app": "web"}), "b": workload("Deployment", 5, {"app": "db"})},
		"StatefulSet": {"c": workload("StatefulSet", null, {"app": "web"})},
	}}
	count(found_in(both, budget({"minAvailable": 3}))) == 1
	found_in(both, budget({"minAvailable": 2})) == set()
}

test_counts_as_many_as_an_autoscaler_may_make if {
	scaled := object.union(three, {"autoscaling/v2": {"HorizontalPodAutoscaler": {"web": {"spec": {
		"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
		"maxReplicas": 5,
	}}}}})
	found_in(scaled, budget({"minAvailable": 3})) == set()
	count(found_in(scaled, budget({"minAvailable": 5}))) == 1
}

test_counts_the_pods_that_the_controller_knows_of if {
	known := object.union(budget({"minAvailable": 3}), {"status": {"expectedPods": 4}})
	found_in(three, known) == set()
	count(found_in({}, object.union(known, {"status": {"expectedPods": 3}}))) == 1
	count(found_in(three, object.union(known, {"status": {"expectedPods": 0}}))) == 1
}

test_allows_what_nobody_knows_the_pods_of if {
	found({"minAvailable": 3}) == set()
	found_in({"apps/v1": {"Deployment": {"web": workload("Deployment", 0, {"app": "web"})}}}, budget({"minAvailable": 3})) == set()
	found_in({"apps/v1": {"Deployment": {"web": workload("Deployment", 3, {"app": "db"})}}}, budget({"minAvailable": 3})) == set()
	violations := rule.violation with input.object as budget({"minAvailable": 3}) with data.inventory as {}
	violations == set()
}

test_takes_an_empty_selector_for_all_pods_except_in_the_beta_version if {
	all := object.union(object.remove(budget({}), ["spec"]), {"spec": {"minAvailable": 3, "selector": {}}})
	count(found_in(three, all)) == 1
	found_in(three, object.union(all, {"apiVersion": "policy/v1beta1"})) == set()
	found_in(three, object.union(object.remove(all, ["spec"]), {"spec": {"minAvailable": 3}})) == set()
}

test_takes_wrong_types_without_error if {
	found({"maxUnavailable": "0", "minAvailable": "all"}) == set()
	found({"maxUnavailable": null, "minAvailable": null}) == set()
	found_in(three, budget({"minAvailable": true})) == set()
	found_in({"apps/v1": {"Deployment": {"a": null, "b": {"spec": null}}}}, budget({"minAvailable": 3})) == set()
	rule.violation == set() with input.object as {"spec": null} with data.inventory as {}
}
