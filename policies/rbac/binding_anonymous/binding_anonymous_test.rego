package reeve.rbac.binding_anonymous_test

import data.reeve.lib.given_test as given
import data.reeve.rbac.binding_anonymous as rule

anonymous := {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:anonymous"}

unauthenticated := {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:unauthenticated"}

# What the rule finds about a binding to the subjects, changed in some way.
changed(change, subjects) := violations if {
	violations := rule.violation with input.object as object.union(
		{
			"kind": "ClusterRoleBinding",
			"metadata": {"name": "public"},
			"roleRef": {"kind": "ClusterRole", "name": "view"},
			"subjects": subjects,
		},
		change,
	)
}

found(subjects) := changed({}, subjects)

test_denies_with_message_and_path if {
	found([{"kind": "User", "name": "alice"}, anonymous, unauthenticated]) == {
		{
			"msg": "ClusterRole \"view\" is bound to User \"system:anonymous\", which is everybody without a login; remove the subject",
			"path": "subjects[1]",
		},
		{
			"msg": "ClusterRole \"view\" is bound to Group \"system:unauthenticated\", which is everybody without a login; remove the subject",
			"path": "subjects[2]",
		},
	}
}

test_denies_a_role_binding if {
	count(changed({"kind": "RoleBinding", "roleRef": {"kind": "Role"}}, [anonymous])) == 1
}

test_allows_others if {
	found([
		{"kind": "Group", "name": "system:authenticated"},
		{"kind": "Group", "name": "system:anonymous"},
		{"kind": "User", "name": "system:unauthenticated"},
		{"kind": "ServiceAccount", "name": "system:anonymous", "namespace": "a"},
	]) == set()
	found([]) == set()
}

public_info := {
	"metadata": {"name": "system:public-info-viewer", "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
	"roleRef": {"kind": "ClusterRole", "name": "system:public-info-viewer"},
}

cluster_info := {
	"kind": "RoleBinding",
	"metadata": {"name": "kubeadm:bootstrap-signer-clusterinfo", "namespace": "kube-public"},
	"roleRef": {"kind": "Role", "name": "kubeadm:bootstrap-signer-clusterinfo"},
}

test_allows_the_bindings_of_kubernetes_itself if {
	changed(public_info, [unauthenticated]) == set()
	changed(cluster_info, [anonymous]) == set()
}

test_denies_what_only_looks_like_the_bindings_of_kubernetes_itself if {
	every change in [
		object.union(public_info, {"roleRef": {"name": "view"}}),
		object.union(public_info, {"metadata": {"name": "system:discovery"}}),
		object.union(public_info, {"metadata": {"labels": {"kubernetes.io/bootstrapping": "no"}}}),
		object.union(public_info, {"kind": "RoleBinding"}),
		object.union(cluster_info, {"metadata": {"namespace": "shop"}}),
		object.union(cluster_info, {"roleRef": {"kind": "ClusterRole"}}),
		object.union(cluster_info, {"roleRef": {"name": "view"}}),
		object.union(cluster_info, {"metadata": {"name": "a"}}),
	] {
		count(changed(change, [anonymous])) == 1
	}
}

test_takes_wrong_types_without_error if {
	found(null) == set()
	found("system:anonymous") == set()
	found([null, "system:anonymous", {}, {"kind": 7, "name": 7}]) == set()
	given.paths(found([anonymous, null])) == {"subjects[0]"}
}
