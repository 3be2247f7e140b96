package reeve.workloads.service_account_token_mounted_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.service_account_token_mounted as rule

# What the rule finds about a pod of the namespace shop, whose default service account has such a field.
found_with(account, spec) := violations if {
	violations := rule.violation with input as {"object": {"metadata": {"namespace": "shop"}}, "workload": given.deployment(spec)}
		with data.inventory.namespace as {"shop": {"v1": {"ServiceAccount": {"default": account, "web": {"automountServiceAccountToken": false}}}}}
}

found(spec) := found_with({}, spec)

test_denies_with_message_and_path if {
	found({}) == {{
		"msg": "the token of the default service account is mounted; set automountServiceAccountToken: false or name a service account of the pod's own",
		"path": "spec.template.spec.automountServiceAccountToken",
	}}
}

test_denies_the_default_account_in_every_way_of_writing if {
	every spec in [
		{"serviceAccountName": "default"},
		{"serviceAccountName": ""},
		{"serviceAccountName": null},
		{"serviceAccount": "default"},
		{"serviceAccountName": "default", "serviceAccount": "web"},
		{"automountServiceAccountToken": true},
		{"automountServiceAccountToken": null},
	] {
		count(found(spec)) == 1
	}
}

test_allows_other_accounts if {
	found({"serviceAccountName": "web"}) == set()
	found({"serviceAccount": "web"}) == set()
	found({"serviceAccountName": "", "serviceAccount": "web"}) == set()
	found({"serviceAccountName": "web", "serviceAccount": "default"}) == set()
}

test_allows_a_token_that_is_not_mounted if {
	found({"automountServiceAccountToken": false}) == set()
	found_with({"automountServiceAccountToken": false}, {}) == set()
	found_with({"automountServiceAccountToken": false}, {"automountServiceAccountToken": null}) == set()
}

test_counts_the_pods_word_before_the_accounts if {
	count(found_with({"automountServiceAccountToken": false}, {"automountServiceAccountToken": true})) == 1
	found_with({"automountServiceAccountToken": true}, {"automountServiceAccountToken": false}) == set()
}

test_denies_if_only_the_account_of_another_namespace_says_no if {
	violations := rule.violation with input as {"object": {"metadata": {"namespace": "ci"}}, "workload": given.deployment({})}
		with data.inventory.namespace as {"shop": {"v1": {"ServiceAccount": {"default": {"automountServiceAccountToken": false}}}}}
	count(violations) == 1
}

test_allows_the_kubelets_own_pods if {
	pod := object.union(given.pod({}), {"metadata": {"annotations": {"kubernetes.io/config.mirror": "4f2"}}})
	rule.violation == set() with input as {"object": {"metadata": {}}, "workload": pod} with data.inventory as {}
}

test_takes_wrong_types_without_error if {
	count(found({"serviceAccountName": 7, "serviceAccount": 7, "automountServiceAccountToken": "false"})) == 1
	rule.violation == set() with input as {"object": {}, "workload": null} with data.inventory as {}
}
