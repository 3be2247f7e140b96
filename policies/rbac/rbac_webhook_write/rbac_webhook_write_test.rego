package reeve.rbac.rbac_webhook_write_test

import data.reeve.lib.given_test as given
import data.reeve.rbac.rbac_webhook_write as rule

admission := "admissionregistration.k8s.io"

# What the rule finds about a role with the policy rules.
found(rules) := violations if {
	violations := rule.violation with input.object as {"kind": "ClusterRole", "metadata": {"name": "ops"}, "rules": rules}
}

allow(groups, resources, verbs) := {"apiGroups": groups, "resources": resources, "verbs": verbs}

test_denies_with_message_and_path if {
	found([allow([admission], ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"], ["get", "patch"])]) == {{
		"msg": "verbs \"patch\" on \"mutatingwebhookconfigurations\", \"validatingwebhookconfigurations\" let the holder change what is checked at admission; leave get, list and watch only",
		"path": "rules[0]",
	}}
}

test_denies_every_writing_verb_and_wildcards if {
	every verb in ["create", "update", "patch", "delete", "deletecollection", "*"] {
		count(found([allow([admission], ["mutatingwebhookconfigurations"], [verb])])) == 1
	}
	given.paths(found([allow([admission], ["*"], ["update"]), allow(["*"], ["*"], ["*"])])) == {"rules[0]", "rules[1]"}
}

test_denies_named_configurations_and_says_which if {
	some violation in found([object.union(allow([admission], ["mutatingwebhookconfigurations"], ["update"]), {"resourceNames": ["mesh"]})])
	contains(violation.msg, `(only those named "mesh") let`)
}

test_allows_a_name_beside_create_which_allows_nothing if {
	found([object.union(allow([admission], ["mutatingwebhookconfigurations"], ["create"]), {"resourceNames": ["mesh"]})]) == set()
}

test_allows_reading_other_groups_and_separate_rules if {
	found([
		allow([admission], ["mutatingwebhookconfigurations"], ["get", "list", "watch"]),
		allow([admission], ["validatingadmissionpolicies"], ["*"]),
		allow(["example.com"], ["mutatingwebhookconfigurations", "*"], ["*"]),
		{"nonResourceURLs": ["*"], "verbs": ["*"]},
	]) == set()
}

test_allows_the_roles_of_kubernetes_itself if {
	violations := rule.violation with input.object as {
		"metadata": {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
		"rules": [allow(["*"], ["*"], ["*"])],
	}
	violations == set()
}

test_takes_wrong_types_without_error if {
	found(null) == set()
	found([null, "a", {"verbs": "create"}, allow("*", "*", "*"), allow(["*"], [7, null], [7])]) == set()
}
