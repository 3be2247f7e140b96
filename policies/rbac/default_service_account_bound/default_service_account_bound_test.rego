package reeve.rbac.default_service_account_bound_test

import data.reeve.lib.given_test as given
import data.reeve.rbac.default_service_account_bound as rule

# What the rule finds about a RoleBinding of the namespace shop to the subjects.
found(subjects) := violations if {
	violations := rule.violation with input.object as {
		"kind": "RoleBinding",
		"metadata": {"name": "b", "namespace": "shop"},
		"roleRef": {"kind": "Role", "name": "reader"},
		"subjects": subjects,
	}
}

test_denies_with_message_and_path if {
	found([{"kind": "User", "name": "alice"}, {"kind": "ServiceAccount", "name": "default", "namespace": "ci"}]) == {{
		"msg": "Role \"reader\" is bound to the default service account of namespace \"ci\"; bind it to a service account of the program that needs it",
		"path": "subjects[1]",
	}}
}

test_takes_the_namespace_of_the_binding_where_the_subject_has_none if {
	some violation in found([{"kind": "ServiceAccount", "name": "default"}])
	contains(violation.msg, `namespace "shop"`)
}

test_denies_the_account_by_its_name_as_a_user if {
	some violation in found([{"kind": "User", "name": "system:serviceaccount:ci:default"}])
	contains(violation.msg, `the default service account of namespace "ci"`)
}

test_denies_groups_of_all_service_accounts if {
	some all in found([{"kind": "Group", "name": "system:serviceaccounts"}])
	contains(all.msg, "is bound to all service accounts, default ones among them;")
	some some_of_them in found([{"kind": "Group", "name": "system:serviceaccounts:ci"}])
	contains(some_of_them.msg, `is bound to all service accounts of namespace "ci", the default one among them;`)
}

test_allows_others if {
	found([
		{"kind": "ServiceAccount", "name": "web", "namespace": "default"},
		{"kind": "User", "name": "default"},
		{"kind": "User", "name": "system:serviceaccount:ci:web"},
		{"kind": "Group", "name": "default"},
		{"kind": "Group", "name": "system:authenticated"},
		{"kind": "Group", "name": "system:serviceaccount:ci:default"},
	]) == set()
}

test_allows_the_bindings_of_kubernetes_itself if {
	violations := rule.violation with input.object as {
		"kind": "ClusterRoleBinding",
		"metadata": {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
		"roleRef": {"kind": "ClusterRole", "name": "system:service-account-issuer-discovery"},
		"subjects": [{"kind": "Group", "name": "system:serviceaccounts"}],
	}
	violations == set()
}

test_takes_wrong_types_without_error if {
	found(null) == set()
	found([null, "default", {}, {"kind": "User", "name": 7}, {"kind": "Group", "name": null}]) == set()
	given.paths(found([{"kind": "ServiceAccount", "name": "default", "namespace": 7}])) == {"subjects[0]"}
}
