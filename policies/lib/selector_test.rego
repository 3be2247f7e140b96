package reeve.lib.selector_test

import data.reeve.lib.selector

labels := {"app": "web", "tier": "front", "canary": ""}

expression(key, operator, values) := {"matchExpressions": [{"key": key, "operator": operator, "values": values}]}

test_empty_selects_all if {
	selector.selects({}, labels)
	selector.selects({}, {})
	selector.selects({"matchLabels": null, "matchExpressions": null}, labels)
	selector.selects({"matchLabels": {}, "matchExpressions": []}, labels)
}

test_absent_selects_none if {
	not selector.selects(null, labels)
}

test_match_labels_have_to_hold_all if {
	selector.selects({"matchLabels": {"app": "web", "canary": ""}}, labels)
	not selector.selects({"matchLabels": {"app": "web", "tier": "back"}}, labels)
	not selector.selects({"matchLabels": {"zone": ""}}, labels)
}

test_in_needs_the_label if {
	selector.selects(expression("app", "In", ["db", "web"]), labels)
	not selector.selects(expression("app", "In", ["db"]), labels)
	not selector.selects(expression("zone", "In", ["a"]), labels)
}

test_not_in_holds_without_the_label if {
	selector.selects(expression("app", "NotIn", ["db"]), labels)
	not selector.selects(expression("app", "NotIn", ["db", "web"]), labels)
	selector.selects(expression("zone", "NotIn", ["a"]), labels)
}

test_exists_and_does_not_exist if {
	selector.selects({"matchExpressions": [{"key": "canary", "operator": "Exists"}]}, labels)
	not selector.selects({"matchExpressions": [{"key": "zone", "operator": "Exists"}]}, labels)
	selector.selects({"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]}, labels)
	not selector.selects({"matchExpressions": [{"key": "canary", "operator": "DoesNotExist"}]}, labels)
}

test_labels_and_expressions_have_to_hold_together if {
	both := object.union({"matchLabels": {"app": "web"}}, expression("tier", "In", ["back"]))
	not selector.selects(both, labels)
}

test_takes_wrong_types_without_error if {
	not selector.selects("app=web", labels)
	not selector.selects({}, null)
	not selector.selects({"matchExpressions": ["app"]}, labels)
	not selector.selects(expression("app", "in", ["web"]), labels)
	not selector.selects(expression("app", "In", "web"), labels)
}
