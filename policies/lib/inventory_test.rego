package reeve.lib.inventory_test

import data.reeve.lib.inventory

test_a_missing_namespace_is_default if {
	inventory.namespace == "shop" with input.object.metadata as {"namespace": "shop"}
	inventory.namespace == "default" with input.object.metadata as {"namespace": ""}
	inventory.namespace == "default" with input.object.metadata as {"namespace": null}
	inventory.namespace == "default" with input.object.metadata as {}
	inventory.namespace == "default" with input as {}
}

# How many autoscalers with such a target scale the Deployment web.
scaling(version, target) := count(found) if {
	found := inventory.autoscalers("Deployment", "web") with input.object.metadata.namespace as "shop"
		with data.inventory.namespace as {"shop": {version: {"HorizontalPodAutoscaler": {"a": {"spec": {"scaleTargetRef": target}}}}}}
}

web := {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}

test_finds_autoscalers_of_any_version if {
	scaling("autoscaling/v2", web) == 1
	scaling("autoscaling/v1", web) == 1
	scaling("autoscaling/v2", object.remove(web, ["apiVersion"])) == 1
	scaling("autoscaling/v2", object.union(web, {"apiVersion": ""})) == 1
}

test_passes_over_autoscalers_of_others if {
	scaling("autoscaling/v2", object.union(web, {"name": "db"})) == 0
	scaling("autoscaling/v2", object.union(web, {"kind": "StatefulSet"})) == 0
	scaling("autoscaling/v2", object.union(web, {"apiVersion": "example.com/v1"})) == 0
	scaling("autoscaling/v2", object.union(web, {"apiVersion": 1})) == 0
	scaling("autoscaling.example.com/v1", web) == 0
	scaling("autoscaling/v2", null) == 0
}

test_passes_over_autoscalers_of_other_namespaces if {
	found := inventory.autoscalers("Deployment", "web") with input.object.metadata.namespace as "ci"
		with data.inventory.namespace as {"shop": {"autoscaling/v2": {"HorizontalPodAutoscaler": {"a": {"spec": {"scaleTargetRef": web}}}}}}
	found == set()
}

runs(objects) if {
	inventory.runs_pods("shop") with data.inventory.namespace as {"shop": objects}
}

test_a_namespace_runs_pods_if_it_has_any_kind_that_does if {
	runs({"v1": {"Pod": {"a": {}}}})
	runs({"v1": {"ReplicationController": {"a": {}}}})
	runs({"apps/v1": {"Deployment": {"a": {}}}})
	runs({"batch/v1": {"CronJob": {"a": {}}}})
}

test_a_namespace_runs_no_pods_with_other_kinds if {
	not runs({})
	not runs({"v1": {"PodTemplate": {"a": {}}, "ConfigMap": {"a": {}}, "Pod": {}}})
	not runs({"example.com/v1": {"Deployment": {"a": {}}}})
}
