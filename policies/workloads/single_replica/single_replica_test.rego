package reeve.workloads.single_replica_test

import data.reeve.workloads.single_replica as rule

# What the rule finds about the Deployment web with the spec while these autoscalers are there.
found(spec, autoscalers) := violations if {
	violations := rule.violation with input.object as {"kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}, "spec": spec}
		with data.inventory.namespace as {"shop": {"autoscaling/v2": {"HorizontalPodAutoscaler": autoscalers}}}
}

autoscaler(kind, name) := {"a": {"spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": name}}}}

test_denies_with_message_and_path if {
	found({"replicas": 1}, {}) == {{
		"msg": "one replica and no HorizontalPodAutoscaler; set replicas to 2 or more",
		"path": "spec.replicas",
	}}
}

test_denies_replicas_that_are_not_set if {
	count(found({}, {})) == 1
	count(found({"replicas": null}, {})) == 1
}

test_allows_more_and_none if {
	found({"replicas": 2}, {}) == set()
	found({"replicas": 0}, {}) == set()
}

test_allows_what_an_autoscaler_scales if {
	found({"replicas": 1}, autoscaler("Deployment", "web")) == set()
}

test_denies_if_the_autoscaler_scales_something_else if {
	count(found({"replicas": 1}, autoscaler("Deployment", "db"))) == 1
	count(found({"replicas": 1}, autoscaler("StatefulSet", "web"))) == 1
}

test_denies_an_object_without_a_name_yet if {
	violations := rule.violation with input.object as {"kind": "Deployment", "metadata": {"generateName": "web-"}, "spec": {}} with data.inventory as {}
	count(violations) == 1
}

test_takes_wrong_types_without_error if {
	found(null, {}) == set()
	found("spec", {}) == set()
	found({"replicas": "1"}, {}) == set()
}
