package reeve.lib.rbac_test

import data.reeve.lib.rbac

wanted := {"": {"pods"}, "apps": {"deployments"}}

test_bootstrap_is_told_by_the_label_and_its_value if {
	rbac.bootstrap with input.object.metadata.labels as {"kubernetes.io/bootstrapping": "rbac-defaults"}
	not rbac.bootstrap with input.object.metadata.labels as {"kubernetes.io/bootstrapping": "other"}
	not rbac.bootstrap with input.object.metadata.labels as null
}

test_matches_resources_of_the_same_group_only if {
	rbac.matched({"apiGroups": ["", "batch"], "resources": ["pods", "deployments"]}, wanted) == {"pods"}
	rbac.matched({"apiGroups": ["apps"], "resources": ["pods", "deployments"]}, wanted) == {"deployments"}
	rbac.matched({"apiGroups": ["batch"], "resources": ["pods", "deployments"]}, wanted) == set()
}

test_matches_wildcards if {
	rbac.matched({"apiGroups": ["*"], "resources": ["pods", "deployments"]}, wanted) == {"pods", "deployments"}
	rbac.matched({"apiGroups": [""], "resources": ["*"]}, wanted) == {"*"}
	rbac.matched({"apiGroups": ["batch"], "resources": ["*"]}, wanted) == set()
}

test_matches_no_subresources if {
	rbac.matched({"apiGroups": ["*"], "resources": ["pods/status", "pods/*", "*/status"]}, wanted) == set()
}

test_matches_nothing_of_wrong_types if {
	rbac.matched({}, wanted) == set()
	rbac.matched(null, wanted) == set()
	rbac.matched({"apiGroups": "*", "resources": "*"}, wanted) == set()
	rbac.matched({"apiGroups": [7], "resources": [null]}, wanted) == set()
}

test_quotes_names_in_order if {
	rbac.quoted(["b", "a", "b"]) == `"a", "b"`
	rbac.quoted(["a", 7, null]) == `"a"`
	rbac.quoted(null) == ""
}

test_says_how_resource_names_narrow if {
	rbac.narrowed({"resourceNames": ["b", "a"]}) == ` (only those named "a", "b")`
	rbac.narrowed({"resourceNames": []}) == ""
	rbac.narrowed({"resourceNames": null}) == ""
	rbac.narrowed({}) == ""
}

test_says_that_an_aggregation_rule_collects if {
	said := rbac.narrowed({"resourceNames": ["a"]}) with input.object.aggregationRule as {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}
	said == ` (only those named "a") (collected by the aggregationRule: change the ClusterRoles it selects)`
	rbac.narrowed({}) == "" with input.object.aggregationRule as {"clusterRoleSelectors": []}
	rbac.narrowed({}) == "" with input.object.aggregationRule as null
}

test_verbs_are_those_wanted if {
	rbac.verbs({"verbs": ["get", "create", "deletecollection"]}, {"create", "deletecollection", "*"}) == {"create", "deletecollection"}
	rbac.verbs({"verbs": ["*"]}, {"create", "*"}) == {"*"}
	rbac.verbs({"verbs": "create"}, {"create"}) == set()
	rbac.verbs({}, {"create"}) == set()
	rbac.verbs(null, {"create"}) == set()
}

test_resource_names_allow_no_request_that_names_no_object if {
	all := {"create", "deletecollection", "delete", "*"}
	written := ["create", "deletecollection", "delete"]
	rbac.verbs({"verbs": written, "resourceNames": ["a"]}, all) == {"delete"}
	rbac.verbs({"verbs": ["*"], "resourceNames": ["a"]}, all) == {"*"}
	rbac.verbs({"verbs": written, "resourceNames": [""]}, all) == {"create", "deletecollection", "delete"}
	rbac.verbs({"verbs": written, "resourceNames": []}, all) == {"create", "deletecollection", "delete"}
	rbac.verbs({"verbs": written, "resourceNames": null}, all) == {"create", "deletecollection", "delete"}
}

test_names_a_subject_in_full if {
	rbac.in_full({"kind": "User", "name": "alice", "namespace": "ci"}) == "alice"
	rbac.in_full({"kind": "ServiceAccount", "name": "a", "namespace": "ci"}) == "ci/a"
	rbac.in_full({"kind": "ServiceAccount", "name": "a"}) == "shop/a" with input.object.metadata.namespace as "shop"
	rbac.in_full({"kind": "ServiceAccount", "name": "a"}) == "/a" with input.object.metadata as {}
}
