package reeve.tested.wrong_test

import data.reeve.tested.wrong as rule

test_fails if {
	print("looking at", "nothing")
	found := rule.violation with input as {"object": {}, "parameters": {"labels": ["a"]}}
	count(found) == 2
}

test_passes if true
