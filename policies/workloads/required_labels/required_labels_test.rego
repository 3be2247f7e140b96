package reeve.workloads.required_labels_test

import data.reeve.workloads.required_labels as rule

# What the rule finds about a Deployment with such labels.
found(labels, required) := violations if {
	violations := rule.violation with input.object as {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"labels": labels}}
		with input.parameters.required as required
}

team := {"kinds": ["Deployment", "Namespace"], "key": "example.com/team", "pattern": "[a-z]+"}

test_denies_a_missing_one_with_message_and_path if {
	found({"app": "web"}, [team]) == {{
		"msg": "label \"example.com/team\" is missing; give it a value that matches \"[a-z]+\"",
		"path": "metadata.labels",
	}}
}

test_denies_another_value_with_message_and_path if {
	found({"example.com/team": "Shop 1"}, [team]) == {{
		"msg": "label \"example.com/team\" is \"Shop 1\"; give it a value that matches \"[a-z]+\"",
		"path": "metadata.labels.example.com/team",
	}}
}

test_denies_every_one_that_is_missing if {
	count(found({}, [{"key": "a"}, {"key": "b"}, {"key": "c", "kinds": ["Pod"]}])) == 2
}

test_denies_null_which_is_missing if {
	count(found({"a": null}, [{"key": "a"}])) == 1
	count(found(null, [{"key": "a"}])) == 1
}

test_allows_a_value_that_matches if {
	found({"example.com/team": "shop"}, [team]) == set()
	found({"a": ""}, [{"key": "a"}]) == set()
}

test_allows_other_kinds if {
	violations := rule.violation with input.object as {"apiVersion": "v1", "kind": "Pod", "metadata": {}} with input.parameters.required as [team]
	violations == set()
}

test_is_off_while_nothing_is_required if {
	found({}, []) == set()
}

test_says_that_a_pattern_is_none if {
	some violation in found({"a": "("}, [{"key": "a", "pattern": "("}])
	contains(violation.msg, "no regular expression: mend it in the rule's parameter")
}

test_takes_wrong_types_without_error if {
	count(found("a", [{"key": "a"}])) == 1
	count(found({"a": 7}, [{"key": "a", "pattern": "7"}])) == 1
	found({}, [null, {}, "a"]) == set()
	violations := rule.violation with input.object as {"kind": "Pod"} with input.parameters.required as [{"key": "a"}]
	count(violations) == 1
}
