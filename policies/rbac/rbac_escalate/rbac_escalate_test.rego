package reeve.rbac.rbac_escalate_test

import data.reeve.lib.given_test as given
import data.reeve.rbac.rbac_escalate as rule

rbac_group := "rbac.authorization.k8s.io"

# What the rule finds about a role of the kind with the policy rules.
found_in(kind, rules) := violations if {
	violations := rule.violation with input.object as {"kind": kind, "metadata": {"name": "ops"}, "rules": rules}
}

found(rules) := found_in("ClusterRole", rules)

allow(groups, resources, verbs) := {"apiGroups": groups, "resources": resources, "verbs": verbs}

test_denies_escalating_with_message_and_path if {
	found([allow([rbac_group], ["roles", "clusterroles"], ["get", "escalate", "bind"])]) == {{
		"msg": "verbs \"bind\", \"escalate\" on \"clusterroles\", \"roles\" let the holder give out rights that they do not have; remove the verbs or limit them with resourceNames",
		"path": "rules[0]",
	}}
}

test_denies_tokens_with_message_and_path if {
	found([allow([""], ["pods"], ["get"]), allow([""], ["serviceaccounts/token"], ["create"])]) == {{
		"msg": "verbs \"create\" on \"serviceaccounts/token\" let the holder get a token of a service account; remove the verbs or limit them with resourceNames",
		"path": "rules[1]",
	}}
}

test_denies_approving_certificates_with_message_and_path if {
	found([allow(["certificates.k8s.io"], ["certificatesigningrequests/approval"], ["update"])]) == {{
		"msg": "verbs \"update\" on \"certificatesigningrequests/approval\" let the holder approve certificates for any user; remove the verbs or limit them with resourceNames",
		"path": "rules[0]",
	}}
}

test_denies_wildcards_that_include_them if {
	given.paths(found([
		allow([rbac_group], ["*"], ["bind"]),
		allow(["*"], ["clusterroles"], ["*"]),
		allow([""], ["*/token"], ["*"]),
		allow(["certificates.k8s.io"], ["*/approval"], ["patch"]),
		allow([""], ["*"], ["create"]),
	])) == {"rules[0]", "rules[1]", "rules[2]", "rules[3]", "rules[4]"}
	count(found([allow(["*"], ["*"], ["*"])])) == 3
}

test_denies_named_objects_and_says_which if {
	some violation in found([object.union(allow([rbac_group], ["clusterroles"], ["bind"]), {"resourceNames": ["view"]})])
	contains(violation.msg, `on "clusterroles" (only those named "view") let`)
}

test_judges_roles_of_a_namespace_by_what_they_can_give if {
	count(found_in("Role", [allow([rbac_group], ["roles"], ["escalate"])])) == 1
	count(found_in("Role", [allow([""], ["serviceaccounts/token"], ["create"])])) == 1
	found_in("Role", [allow(["certificates.k8s.io"], ["certificatesigningrequests/approval"], ["update"])]) == set()
}

test_allows_verb_and_resource_in_different_policy_rules if {
	found([allow([rbac_group], ["rolebindings"], ["bind", "escalate"]), allow([rbac_group], ["roles"], ["create"])]) == set()
}

test_allows_other_verbs_groups_and_resources if {
	found([
		allow([rbac_group], ["roles", "clusterroles"], ["get", "list", "watch", "create", "update", "patch", "delete"]),
		allow(["example.com"], ["roles", "clusterroles", "*"], ["*"]),
		allow([""], ["roles", "serviceaccounts", "serviceaccounts/*"], ["create", "escalate"]),
		allow([""], ["serviceaccounts/token"], ["get"]),
		allow(["certificates.k8s.io"], ["certificatesigningrequests", "certificatesigningrequests/status"], ["create", "update"]),
		{"nonResourceURLs": ["*"], "verbs": ["*"]},
	]) == set()
}

test_allows_the_roles_of_kubernetes_itself if {
	violations := rule.violation with input.object as {
		"kind": "ClusterRole",
		"metadata": {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
		"rules": [allow(["*"], ["*"], ["*"])],
	}
	violations == set()
}

test_takes_wrong_types_without_error if {
	found(null) == set()
	found([null, "roles", {"verbs": "bind"}, allow("*", "*", "*"), allow(["*"], [7, null], [7])]) == set()
}
