package reeve.rbac.rbac_read_secrets_test

import data.reeve.lib.given_test as given
import data.reeve.rbac.rbac_read_secrets as rule

group := "rbac.authorization.k8s.io/v1"

allow(groups, resources, verbs) := {"apiGroups": groups, "resources": resources, "verbs": verbs}

secrets := allow([""], ["secrets"], ["get", "list"])

role(rules) := {"kind": "ClusterRole", "metadata": {"name": "reader", "labels": {"team": "shop"}}, "rules": rules}

# What the rule finds about a ClusterRole of these policy rules.
found(rules) := violations if {
	violations := rule.violation with input.object as role(rules) with data.inventory as {}
}

test_denies_with_message_and_path if {
	found([allow([""], ["pods"], ["get"]), allow([""], ["configmaps", "secrets"], ["list", "get", "create"])]) == {{
		"msg": "verbs \"get\", \"list\" on \"secrets\" let the holder read secrets in every namespace; use a Role, or remove the verbs",
		"path": "rules[1]",
	}}
}

test_denies_every_reading_verb_and_wildcards if {
	given.paths(found([
		allow([""], ["secrets"], ["get"]),
		allow([""], ["secrets"], ["list"]),
		allow([""], ["secrets"], ["watch"]),
		allow([""], ["*"], ["get"]),
		allow(["*"], ["secrets"], ["*"]),
	])) == {"rules[0]", "rules[1]", "rules[2]", "rules[3]", "rules[4]"}
}

test_denies_named_secrets_and_says_which if {
	some violation in found([object.union(secrets, {"resourceNames": ["db"]})])
	contains(violation.msg, `on "secrets" (only those named "db") let`)
}

test_allows_writing_other_groups_and_separate_rules if {
	found([
		allow([""], ["secrets"], ["create", "update", "patch", "delete"]),
		allow(["secrets.example.com"], ["secrets", "*"], ["get"]),
		allow([""], ["secrets/status", "*/secrets"], ["get"]),
		allow([""], ["pods"], ["get"]),
	]) == set()
}

test_allows_the_roles_of_kubernetes_itself_and_roles_of_a_namespace if {
	rule.violation == set() with input.object as object.union(role([secrets]), {"metadata": {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}}) with data.inventory as {}
	rule.violation == set() with input.object as object.union(role([secrets]), {"kind": "Role"}) with data.inventory as {}
}

binding(kind, name) := {"b": {"roleRef": {"kind": kind, "name": name}}}

# What it finds about the ClusterRole in a cluster with bindings and other roles.
bound(in_namespace, in_cluster, roles) := violations if {
	violations := rule.violation with input.object as role([secrets])
		with data.inventory as {
			"namespace": {"shop": {group: {"RoleBinding": in_namespace}}},
			"cluster": {group: {"ClusterRoleBinding": in_cluster, "ClusterRole": roles}},
		}
}

test_allows_what_is_bound_in_namespaces_only if {
	bound(binding("ClusterRole", "reader"), {}, {}) == set()
	bound(binding("ClusterRole", "reader"), binding("ClusterRole", "other"), {}) == set()
}

test_denies_what_is_bound_to_the_cluster_or_to_nothing_yet if {
	count(bound(binding("ClusterRole", "reader"), binding("ClusterRole", "reader"), {})) == 1
	count(bound({}, {}, {})) == 1
	count(bound(binding("Role", "reader"), {}, {})) == 1
	count(bound(binding("ClusterRole", "other"), {}, {})) == 1
}

test_denies_what_another_role_collects if {
	collector := {"all": {"metadata": {"name": "all"}, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"team": "shop"}}]}}}
	other := {"all": {"metadata": {"name": "all"}, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"team": "ci"}}]}}}
	count(bound(binding("ClusterRole", "reader"), {}, collector)) == 1
	bound(binding("ClusterRole", "reader"), {}, other) == set()
}

test_denies_a_role_without_labels_that_a_role_collecting_all_collects if {
	violations := rule.violation with input.object as {"kind": "ClusterRole", "metadata": {"name": "reader"}, "rules": [secrets]}
		with data.inventory as {
			"namespace": {"shop": {group: {"RoleBinding": binding("ClusterRole", "reader")}}},
			"cluster": {group: {"ClusterRole": {"all": {"aggregationRule": {"clusterRoleSelectors": [{}]}}}}},
		}
	count(violations) == 1
}

# What it finds about a binding of one of these roles of Kubernetes itself, changed in some way.
built_in := {name: {
	"metadata": {"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
	"rules": rules,
} |
	some name, rules in {"edit": [secrets], "view": [allow([""], ["pods"], ["get"])], "cluster-admin": [allow(["*"], ["*"], ["*"])]}
}

bind(name, change) := violations if {
	violations := rule.violation with input.object as object.union(
		{
			"kind": "ClusterRoleBinding",
			"metadata": {"name": "b"},
			"roleRef": {"kind": "ClusterRole", "name": name},
			"subjects": [{"kind": "User", "name": "alice"}],
		},
		change,
	)
		with data.inventory.cluster as {group: {"ClusterRole": object.union(built_in, {"reader": role([secrets])})}}
}

test_denies_a_role_of_kubernetes_bound_to_the_cluster_with_message_and_path if {
	bind("edit", {}) == {{
		"msg": "the ClusterRole \"edit\" lets the binding's subjects read secrets in every namespace; use a RoleBinding, or a role without secrets",
		"path": "roleRef.name",
	}}
}

test_allows_other_bindings if {
	bind("view", {}) == set()
	bind("cluster-admin", {}) == set()
	bind("reader", {}) == set()
	bind("gone", {}) == set()
	bind("edit", {"kind": "RoleBinding"}) == set()
	bind("edit", {"roleRef": {"kind": "Role"}}) == set()
	bind("edit", {"subjects": []}) == set()
	bind("edit", {"metadata": {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}}) == set()
}

test_takes_wrong_types_without_error if {
	found(null) == set()
	found("all") == set()
	found([null, "secrets", {"verbs": "get"}, allow("*", "*", "*")]) == set()
	bind("edit", {"subjects": null}) == set()
	bind("edit", {"roleRef": null}) == set()
	count(bound({"b": null}, {"b": null}, {"b": null})) == 1
}
