package reeve.rbac.rbac_wildcard_test

import data.reeve.lib.given_test as given
import data.reeve.rbac.rbac_wildcard as rule

# What the rule finds about a role with the policy rules.
found(rules) := violations if {
	violations := rule.violation with input.object as {"kind": "ClusterRole", "metadata": {"name": "admin"}, "rules": rules}
}

allow(groups, resources, verbs) := {"apiGroups": groups, "resources": resources, "verbs": verbs}

test_denies_with_message_and_path if {
	found([allow(["apps", ""], ["pods", "*"], ["get", "*"])]) == {{
		"msg": "verb \"*\" on resource \"*\" of API groups \"\", \"apps\" allows everything there; list the resources and verbs that are needed",
		"path": "rules[0]",
	}}
}

test_denies_each_such_policy_rule if {
	given.paths(found([
		allow(["*"], ["*"], ["*"]),
		allow(["*"], ["*"], ["get"]),
		allow(["example.com"], ["*"], ["*"]),
	])) == {"rules[0]", "rules[2]"}
}

test_denies_named_objects_and_says_which if {
	some violation in found([object.union(allow(["*"], ["*"], ["*"]), {"resourceNames": ["web"]})])
	contains(violation.msg, `groups "*" (only those named "web") allows`)
}

test_allows_a_wildcard_on_one_side_only if {
	found([allow(["*"], ["*"], ["get"]), allow(["*"], ["pods"], ["*"])]) == set()
}

test_allows_wildcard_subresources if {
	found([allow(["*"], ["*/scale", "pods/*", "*/*"], ["*"])]) == set()
}

test_allows_non_resource_urls if {
	found([{"nonResourceURLs": ["*"], "verbs": ["*"]}]) == set()
}

test_allows_a_policy_rule_without_api_groups_which_allows_nothing if {
	found([allow([], ["*"], ["*"]), {"resources": ["*"], "verbs": ["*"]}]) == set()
}

test_allows_the_roles_of_kubernetes_itself if {
	violations := rule.violation with input.object as {
		"metadata": {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
		"rules": [allow(["*"], ["*"], ["*"])],
	}
	violations == set()
}

test_takes_wrong_types_without_error if {
	found(null) == set()
	found("*") == set()
	found([null, "*", {"verbs": "*", "resources": "*", "apiGroups": "*"}]) == set()
}
