package reeve.tested.label_test

import data.reeve.tested.label as rule

test_denies if {
	count(rule.violation) == 1 with input as {"object": {}, "parameters": {"labels": ["a"]}}
}

todo_test_more if false
