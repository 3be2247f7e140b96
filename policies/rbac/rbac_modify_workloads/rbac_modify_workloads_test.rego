package reeve.rbac.rbac_modify_workloads_test

import data.reeve.lib.given_test as given
import data.reeve.rbac.rbac_modify_workloads as rule

# What the rule finds about a role with the policy rules.
found(rules) := violations if {
	violations := rule.violation with input.object as {"kind": "Role", "metadata": {"name": "deployer"}, "rules": rules}
}

allow(groups, resources, verbs) := {"apiGroups": groups, "resources": resources, "verbs": verbs}

test_denies_with_message_and_path if {
	found([allow([""], ["pods"], ["get"]), allow(["apps"], ["deployments"], ["get", "update", "create"])]) == {{
		"msg": "verbs \"create\", \"update\" on \"deployments\" let the holder change what runs; leave get, list and watch only",
		"path": "rules[1]",
	}}
}

test_denies_named_workloads_and_says_which if {
	some violation in found([object.union(allow(["apps"], ["deployments"], ["patch"]), {"resourceNames": ["web"]})])
	contains(violation.msg, `on "deployments" (only those named "web") let`)
}

test_denies_each_writing_verb if {
	every verb in ["create", "update", "patch", "delete", "deletecollection", "*"] {
		count(found([allow([""], ["pods"], [verb])])) == 1
	}
}

test_denies_pods_and_all_their_controllers if {
	wanted := {
		"": ["pods", "replicationcontrollers"],
		"apps": ["deployments", "statefulsets", "daemonsets", "replicasets"],
		"batch": ["jobs", "cronjobs"],
	}
	every group, resources in wanted {
		every resource in resources {
			count(found([allow([group], [resource], ["create"])])) == 1
		}
	}
}

test_denies_wildcard_resources_and_groups if {
	given.paths(found([
		allow(["batch"], ["*"], ["create"]),
		allow(["*"], ["pods"], ["create"]),
		allow(["*"], ["*"], ["*"]),
	])) == {"rules[0]", "rules[1]", "rules[2]"}
}

test_allows_reading if {
	found([allow(["*"], ["*"], ["get", "list", "watch"])]) == set()
}

test_allows_verb_and_resource_in_different_policy_rules if {
	found([allow([""], ["pods"], ["get"]), allow([""], ["configmaps"], ["*"])]) == set()
}

test_allows_subresources if {
	found([
		allow([""], ["pods/status", "pods/eviction", "pods/*"], ["create", "patch"]),
		allow(["apps"], ["deployments/scale"], ["update"]),
		allow(["*"], ["*/scale"], ["*"]),
	]) == set()
}

test_allows_resources_of_other_groups if {
	found([
		allow(["batch.volcano.sh"], ["jobs"], ["*"]),
		allow([""], ["deployments"], ["create"]),
		allow(["metrics.k8s.io"], ["pods"], ["*"]),
	]) == set()
}

test_allows_the_roles_of_kubernetes_itself if {
	violations := rule.violation with input.object as {
		"metadata": {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
		"rules": [allow([""], ["pods"], ["create"])],
	}
	violations == set()
}

test_denies_a_role_with_another_value_of_that_label if {
	violations := rule.violation with input.object as {
		"metadata": {"labels": {"kubernetes.io/bootstrapping": "mine"}},
		"rules": [allow([""], ["pods"], ["create"])],
	}
	count(violations) == 1
}

test_takes_wrong_types_without_error if {
	found(null) == set()
	found("all") == set()
	found([null, "pods", {"verbs": "create"}, {"verbs": ["create"]}]) == set()
	found([allow("*", ["pods"], ["create"]), allow([""], "pods", ["create"])]) == set()
}
