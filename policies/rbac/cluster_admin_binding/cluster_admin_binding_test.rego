package reeve.rbac.cluster_admin_binding_test

import data.reeve.lib.given_test as given
import data.reeve.rbac.cluster_admin_binding as rule

cluster_admin := {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}

alice := {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "alice"}

masters := {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:masters"}

deployer := {"kind": "ServiceAccount", "name": "deployer", "namespace": "ci"}

# What the rule finds about a binding of cluster-admin.
found(subjects, allowed) := bound(cluster_admin, subjects, allowed)

bound(role, subjects, allowed) := violations if {
	violations := rule.violation with input.object as {
		"kind": "ClusterRoleBinding",
		"metadata": {"name": "admins"},
		"roleRef": role,
		"subjects": subjects,
	}
		with input.parameters.allowedSubjects as allowed
}

test_denies_with_message_and_path if {
	found([alice, deployer], []) == {
		{
			"msg": "cluster-admin is bound to User \"alice\"; bind a role with only the rights it needs",
			"path": "subjects[0]",
		},
		{
			"msg": "cluster-admin is bound to ServiceAccount \"ci/deployer\"; bind a role with only the rights it needs",
			"path": "subjects[1]",
		},
	}
}

test_allows_subjects_of_the_parameter_only if {
	given.paths(found([alice, deployer], [{"kind": "User", "name": "alice"}])) == {"subjects[1]"}
	found([deployer], [{"kind": "ServiceAccount", "name": "deployer", "namespace": "ci"}]) == set()
}

test_denies_a_subject_that_differs_from_the_allowed_one if {
	count(found([deployer], [{"kind": "ServiceAccount", "name": "deployer", "namespace": "shop"}])) == 1
	count(found([deployer], [{"kind": "ServiceAccount", "name": "deployer"}])) == 1
	count(found([alice], [{"kind": "Group", "name": "alice"}])) == 1
	count(found([alice], [{"kind": "User", "name": "Alice"}])) == 1
}

test_takes_the_namespace_of_a_role_binding_for_a_service_account_without_one if {
	violations := rule.violation with input.object as {
		"kind": "RoleBinding",
		"metadata": {"name": "admins", "namespace": "shop"},
		"roleRef": cluster_admin,
		"subjects": [{"kind": "ServiceAccount", "name": "deployer"}, {"kind": "ServiceAccount", "name": "other", "namespace": ""}],
	}
		with input.parameters.allowedSubjects as [{"kind": "ServiceAccount", "name": "deployer", "namespace": "shop"}]
	violations == {{
		"msg": "cluster-admin is bound to ServiceAccount \"shop/other\"; bind a role with only the rights it needs",
		"path": "subjects[1]",
	}}
}

test_takes_no_namespace_for_users_and_groups if {
	violations := rule.violation with input.object as {
		"kind": "RoleBinding",
		"metadata": {"name": "admins", "namespace": "shop"},
		"roleRef": cluster_admin,
		"subjects": [alice, object.union(alice, {"namespace": "ci"}), {"kind": "Group", "name": "ops"}],
	}
		with input.parameters.allowedSubjects as [{"kind": "User", "name": "alice"}]
	given.paths(violations) == {"subjects[2]"}
}

# Kubernetes' own binding, changed in one way.
built_in(change, subjects) := violations if {
	violations := rule.violation with input.object as object.union(
		{
			"kind": "ClusterRoleBinding",
			"metadata": {"name": "cluster-admin", "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
			"roleRef": cluster_admin,
			"subjects": subjects,
		},
		change,
	)
		with input.parameters.allowedSubjects as []
}

test_allows_the_binding_of_kubernetes_itself if {
	built_in({}, [masters]) == set()
}

test_denies_who_was_added_to_the_binding_of_kubernetes_itself if {
	admins := object.union(masters, {"name": "admins"})
	user := object.union(masters, {"kind": "User"})
	given.paths(built_in({}, [masters, alice, admins, user])) == {"subjects[1]", "subjects[2]", "subjects[3]"}
}

test_denies_what_only_looks_like_the_binding_of_kubernetes_itself if {
	count(built_in({"kind": "RoleBinding"}, [masters])) == 1
	count(built_in({"metadata": {"name": "cluster-admin-2"}}, [masters])) == 1
	count(built_in({"metadata": {"labels": {"kubernetes.io/bootstrapping": "no"}}}, [masters])) == 1
}

test_allows_other_roles if {
	bound(object.union(cluster_admin, {"name": "view"}), [alice], []) == set()
	bound(object.union(cluster_admin, {"kind": "Role"}), [alice], []) == set()
}

test_allows_a_binding_to_nobody if {
	found([], []) == set()
	found(null, []) == set()
}

test_takes_wrong_types_without_error if {
	found("alice", []) == set()
	found([null, "alice", {}, {"kind": "User"}, {"kind": "User", "name": 7}], []) == set()
	count(found([alice], [null, "alice", {"kind": "User"}])) == 1
	count(found([alice], null)) == 1
	bound("cluster-admin", [alice], []) == set()
}

test_takes_a_service_account_without_any_namespace if {
	count(found([{"kind": "ServiceAccount", "name": "deployer"}], [])) == 1
}
