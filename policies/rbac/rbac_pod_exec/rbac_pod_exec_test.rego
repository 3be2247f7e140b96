package reeve.rbac.rbac_pod_exec_test

import data.reeve.lib.given_test as given
import data.reeve.rbac.rbac_pod_exec as rule

# What the rule finds about a role with the policy rules.
found(rules) := violations if {
	violations := rule.violation with input.object as {"kind": "Role", "metadata": {"name": "support"}, "rules": rules}
}

allow(groups, resources, verbs) := {"apiGroups": groups, "resources": resources, "verbs": verbs}

test_denies_with_message_and_path if {
	found([allow([""], ["pods", "pods/exec", "pods/attach"], ["get", "create", "delete"])]) == {{
		"msg": "verbs \"create\", \"get\" on \"pods/attach\", \"pods/exec\" let the holder into pods; remove the verbs, or limit them to a namespace and resourceNames",
		"path": "rules[0]",
	}}
}

test_denies_every_way_into_pods if {
	every resource in ["pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers"] {
		every verb in ["create", "get", "*"] {
			count(found([allow([""], [resource], [verb])])) == 1
		}
	}
}

test_denies_changing_the_ephemeral_containers if {
	given.paths(found([
		allow([""], ["pods/ephemeralcontainers"], ["patch"]),
		allow([""], ["*/ephemeralcontainers"], ["update"]),
		allow([""], ["*"], ["patch"]),
	])) == {"rules[0]", "rules[1]", "rules[2]"}
}

test_denies_wildcards_that_include_them_once if {
	count(found([allow(["*"], ["*"], ["*"])])) == 1
	count(found([allow([""], ["*"], ["get"])])) == 1
	count(found([allow(["*"], ["*/exec"], ["create"])])) == 1
}

test_denies_named_pods_and_says_which if {
	some violation in found([object.union(allow([""], ["pods/exec"], ["create"]), {"resourceNames": ["web-0"]})])
	contains(violation.msg, `on "pods/exec" (only those named "web-0") let`)
}

test_allows_verb_and_resource_in_different_policy_rules if {
	found([allow([""], ["pods"], ["create", "get"]), allow([""], ["pods/exec"], ["delete", "list"])]) == set()
}

test_allows_other_subresources_and_groups if {
	found([
		allow([""], ["pods/log", "pods/status", "pods/*", "pods/eviction", "*/log"], ["*"]),
		allow(["example.com"], ["pods/exec", "*", "pods/ephemeralcontainers"], ["*"]),
		{"nonResourceURLs": ["*"], "verbs": ["*"]},
	]) == set()
}

test_allows_the_roles_of_kubernetes_itself if {
	violations := rule.violation with input.object as {
		"metadata": {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
		"rules": [allow([""], ["pods/exec", "pods/ephemeralcontainers"], ["create"])],
	}
	violations == set()
}

test_takes_wrong_types_without_error if {
	found(null) == set()
	found([null, "pods", {"verbs": "get"}, allow("*", "*", "*"), allow(["*"], [7, null], [7])]) == set()
}
