package reeve.rbac.rbac_impersonate_test

import data.reeve.lib.given_test as given
import data.reeve.rbac.rbac_impersonate as rule

# What the rule finds about a role with the policy rules.
found(rules) := violations if {
	violations := rule.violation with input.object as {"kind": "ClusterRole", "metadata": {"name": "support"}, "rules": rules}
}

allow(groups, resources, verbs) := {"apiGroups": groups, "resources": resources, "verbs": verbs}

test_denies_with_message_and_path if {
	found([allow([""], ["pods"], ["get"]), allow([""], ["users", "groups"], ["impersonate"])]) == {{
		"msg": "verbs \"impersonate\" on \"groups\", \"users\" let the holder act as someone else; remove the verb or limit it with resourceNames",
		"path": "rules[1]",
	}}
}

test_denies_named_users_and_says_whom if {
	narrowed := object.union(allow([""], ["users"], ["impersonate"]), {"resourceNames": ["alice", "bob"]})
	some violation in found([narrowed])
	contains(violation.msg, `on "users" (only those named "alice", "bob") let`)
}

test_denies_service_accounts_and_uids if {
	given.paths(found([
		allow([""], ["serviceaccounts"], ["impersonate"]),
		allow(["authentication.k8s.io"], ["uids"], ["impersonate"]),
	])) == {"rules[0]", "rules[1]"}
}

test_denies_user_extras_with_and_without_key if {
	given.paths(found([
		allow(["authentication.k8s.io"], ["userextras/scopes"], ["impersonate"]),
		allow(["authentication.k8s.io"], ["userextras"], ["*"]),
		allow(["*"], ["*/scopes"], ["impersonate"]),
	])) == {"rules[0]", "rules[1]", "rules[2]"}
}

test_denies_wildcards_that_include_it if {
	given.paths(found([
		allow([""], ["*"], ["impersonate"]),
		allow(["*"], ["groups"], ["*"]),
		allow(["*"], ["*"], ["*"]),
		allow(["authentication.k8s.io"], ["*"], ["impersonate"]),
	])) == {"rules[0]", "rules[1]", "rules[2]", "rules[3]"}
}

test_allows_verb_and_resource_in_different_policy_rules if {
	found([allow([""], ["users"], ["get"]), allow([""], ["pods"], ["impersonate"])]) == set()
}

test_allows_the_same_names_in_other_api_groups if {
	found([
		allow(["user.openshift.io"], ["users", "groups"], ["impersonate"]),
		allow([""], ["uids", "userextras/scopes"], ["impersonate"]),
		allow(["authentication.k8s.io"], ["users"], ["impersonate"]),
		allow([], ["users"], ["impersonate"]),
	]) == set()
}

test_allows_every_verb_on_some_subresource_of_everything if {
	found([allow(["*"], ["*/scale"], ["*"])]) == set()
}

test_allows_non_resource_urls if {
	found([{"nonResourceURLs": ["*"], "verbs": ["*"]}]) == set()
}

test_allows_the_roles_of_kubernetes_itself if {
	violations := rule.violation with input.object as {
		"metadata": {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
		"rules": [allow([""], ["users"], ["impersonate"])],
	}
	violations == set()
}

test_allows_aggregated_roles_that_are_not_filled_yet if {
	found(null) == set()
	found([]) == set()
	violations := rule.violation with input.object as {"metadata": {"name": "a"}, "aggregationRule": {}}
	violations == set()
}

test_takes_wrong_types_without_error if {
	found("all") == set()
	found([null, "users", {"verbs": "impersonate"}, {"verbs": ["impersonate"]}]) == set()
	found([allow("*", ["users"], ["impersonate"]), allow([""], "users", ["impersonate"])]) == set()
	found([allow(["*"], [7, null], ["impersonate", 7])]) == set()
}
