package reeve.namespaces.namespace_owner_missing_test

import data.reeve.namespaces.namespace_owner_missing as rule

# What the rule finds about a namespace with such metadata.
found(metadata, keys) := violations if {
	violations := rule.violation with input.object.metadata as metadata with input.parameters.keys as keys
}

test_denies_with_message_and_path if {
	found({"name": "shop"}, ["owner", "example.com/team"]) == {{
		"msg": "no annotation names the owner; add \"owner\" or \"example.com/team\"",
		"path": "metadata.annotations",
	}}
}

test_denies_an_owner_that_is_empty_or_elsewhere if {
	count(found({"name": "shop", "annotations": {"owner": ""}}, ["owner"])) == 1
	count(found({"name": "shop", "annotations": {"owner": "  "}}, ["owner"])) == 1
	count(found({"name": "shop", "annotations": {"owner": null}}, ["owner"])) == 1
	count(found({"name": "shop", "annotations": {"Owner": "a"}}, ["owner"])) == 1
	count(found({"name": "shop", "labels": {"owner": "a"}}, ["owner"])) == 1
}

test_allows_any_of_the_annotations if {
	found({"name": "shop", "annotations": {"owner": "team-shop"}}, ["owner", "team"]) == set()
	found({"name": "shop", "annotations": {"owner": "", "team": "shop"}}, ["owner", "team"]) == set()
}

test_allows_the_namespaces_of_kubernetes_and_those_being_deleted if {
	found({"name": "kube-system"}, ["owner"]) == set()
	found({"name": "default"}, ["owner"]) == set()
	found({"name": "shop", "deletionTimestamp": "2026-03-01T10:00:00Z"}, ["owner"]) == set()
	count(found({"name": "kube-systems"}, ["owner"])) == 1
}

test_is_off_while_no_annotation_is_asked_for if {
	found({"name": "shop"}, []) == set()
}

test_takes_wrong_types_without_error if {
	count(found({"name": "shop", "annotations": "owner"}, ["owner"])) == 1
	count(found({"name": "shop", "annotations": {"owner": 7}}, ["owner", null])) == 1
	found(null, ["owner"]) == set()
}
