package reeve.lib.required_test

import data.reeve.lib.required

deployment := {"apiVersion": "apps/v1", "kind": "Deployment"}

test_an_entry_applies_to_the_kinds_it_names_and_else_to_all if {
	required.applies({"key": "a"}) with input.object as deployment
	required.applies({"key": "a", "kinds": []}) with input.object as deployment
	required.applies({"key": "a", "kinds": ["Pod", "Deployment"]}) with input.object as deployment
	required.applies({"key": "a", "kinds": ["Deployment.apps"]}) with input.object as deployment
	not required.applies({"key": "a", "kinds": ["Pod", "Deployment.example.com"]}) with input.object as deployment
	required.applies({"key": "a", "kinds": ["Pod"]}) with input.object as {"apiVersion": "v1", "kind": "Pod"}
}

test_an_entry_without_a_proper_key_applies_to_nothing if {
	not required.applies({}) with input.object as deployment
	not required.applies({"key": 7}) with input.object as deployment
	not required.applies({"key": null, "kinds": ["Deployment"]}) with input.object as deployment
	not required.applies({"key": "a", "kinds": "Deployment"}) with input.object as deployment
	not required.applies({"key": "a", "kinds": ["Deployment.apps"]}) with input.object as {"apiVersion": 1, "kind": "Deployment"}
}

test_a_pattern_has_to_match_the_whole_value if {
	required.matches({"pattern": "[a-z]+"}, "shop")
	required.matches({"pattern": "a|b"}, "b")
	not required.matches({"pattern": "a|b"}, "ab")
	not required.matches({"pattern": "[a-z]+"}, "shop1")
	not required.matches({"pattern": "[a-z]+"}, "")
	not required.matches({"pattern": "[a-z]+"}, 7)
}

test_without_a_pattern_any_value_will_do if {
	required.matches({}, "")
	required.matches({"pattern": ""}, "shop")
	required.matches({"pattern": null}, 7)
}

test_nothing_matches_what_is_no_regular_expression if {
	not required.matches({"pattern": "("}, "(")
	not required.matches({"pattern": "a)(b"}, "ab")
}

test_says_what_is_wanted if {
	required.wanted({}) == "any value"
	required.wanted({"pattern": "[a-z]+"}) == `a value that matches "[a-z]+"`
	contains(required.wanted({"pattern": "("}), `no regular expression: mend it`)
}
