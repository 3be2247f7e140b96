package reeve.rbac.rbac_delete_resources_test

import data.reeve.lib.given_test as given
import data.reeve.rbac.rbac_delete_resources as rule

# What the rule finds about a role with the policy rules.
found(rules) := violations if {
	violations := rule.violation with input.object as {"kind": "Role", "metadata": {"name": "janitor"}, "rules": rules}
}

allow(groups, resources, verbs) := {"apiGroups": groups, "resources": resources, "verbs": verbs}

test_denies_with_message_and_path if {
	found([allow([""], ["services", "pods", "events"], ["get", "delete"])]) == {{
		"msg": "verbs \"delete\" on \"pods\", \"services\" let the holder delete them; remove the verbs or limit them with resourceNames",
		"path": "rules[0]",
	}}
}

test_denies_named_objects_and_says_which if {
	some violation in found([object.union(allow([""], ["secrets"], ["delete"]), {"resourceNames": ["db"]})])
	contains(violation.msg, `on "secrets" (only those named "db") let`)
}

test_denies_every_kind_of_resource_it_knows if {
	wanted := {
		"": [
			"pods", "replicationcontrollers", "services", "configmaps", "secrets",
			"persistentvolumes", "persistentvolumeclaims", "namespaces", "nodes",
		],
		"apps": ["deployments", "statefulsets", "daemonsets", "replicasets"],
		"batch": ["jobs", "cronjobs"],
		"storage.k8s.io": ["storageclasses"],
	}
	every group, resources in wanted {
		every resource in resources {
			count(found([allow([group], [resource], ["delete"])])) == 1
		}
	}
}

test_denies_deletecollection_and_every_verb if {
	given.paths(found([
		allow(["batch"], ["jobs"], ["deletecollection"]),
		allow(["apps"], ["deployments"], ["*"]),
	])) == {"rules[0]", "rules[1]"}
}

test_denies_wildcard_resources_and_groups if {
	given.paths(found([
		allow(["apps"], ["*"], ["delete"]),
		allow(["*"], ["configmaps"], ["delete"]),
		allow(["*"], ["*"], ["*"]),
	])) == {"rules[0]", "rules[1]", "rules[2]"}
}

test_allows_verb_and_resource_in_different_policy_rules if {
	found([allow([""], ["pods"], ["get"]), allow([""], ["events"], ["delete"])]) == set()
}

test_allows_other_verbs if {
	found([allow(["*"], ["*"], ["get", "list", "watch", "create", "update", "patch", "Delete"])]) == set()
}

test_allows_resources_of_other_groups if {
	found([
		allow(["serving.knative.dev"], ["services"], ["delete"]),
		allow(["cert-manager.io"], ["*"], ["*"]),
		allow([""], ["deployments"], ["delete"]),
		allow(["apps"], ["pods"], ["delete"]),
	]) == set()
}

test_allows_subresources_and_what_is_no_wildcard if {
	found([allow(["*"], ["pods/status", "pods/*", "*/status", "*/*"], ["*"])]) == set()
}

test_allows_non_resource_urls if {
	found([{"nonResourceURLs": ["*"], "verbs": ["*"]}]) == set()
}

test_allows_the_roles_of_kubernetes_itself if {
	violations := rule.violation with input.object as {
		"metadata": {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
		"rules": [allow([""], ["pods"], ["delete"])],
	}
	violations == set()
}

test_takes_wrong_types_without_error if {
	found(null) == set()
	found("all") == set()
	found([null, "pods", {"verbs": "delete"}, {"verbs": ["delete"]}]) == set()
	found([allow("*", ["pods"], ["delete"]), allow([""], "pods", ["delete"])]) == set()
}
