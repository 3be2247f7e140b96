package reeve.runtime.node_not_ready_test

import data.reeve.lib.given_test as given
import data.reeve.runtime.node_not_ready as rule

ready(status) := {
	"type": "Ready",
	"status": status,
	"reason": "NodeStatusUnknown",
	"message": "Kubelet stopped posting node status.",
	"lastTransitionTime": "2026-08-01T12:00:00Z",
}

test_denies_with_message_and_path if {
	found := rule.violation with input.object.status as {"conditions": [{"type": "MemoryPressure", "status": "Unknown"}, ready("Unknown")]}
	found == {{
		"msg": concat("; ", [
			`the node is not ready: condition Ready is "Unknown" (NodeStatusUnknown) since 2026-08-01T12:00:00Z`,
			`the condition says "Kubelet stopped posting node status."`,
			"look at its kubelet and container runtime",
		]),
		"path": "status.conditions[1].status",
	}}
}

test_denies_false_and_whatever_is_not_true if {
	found := rule.violation with input.object.status as {"conditions": [ready("False"), ready(null), ready(true), {"type": "Ready"}]}
	count(given.paths(found)) == 4
}

test_allows_ready_nodes_and_other_conditions if {
	rule.violation == set() with input.object.status as {"conditions": [ready("True"), {"type": "DiskPressure", "status": "False"}]}
}

test_takes_wrong_types_without_error if {
	rule.violation == set() with input.object as {}
	rule.violation == set() with input.object.status as null
	rule.violation == set() with input.object.status as {"conditions": [null, "Ready", {"type": ["Ready"]}]}
}
