package reeve.runtime.node_pressure_test

import data.reeve.lib.given_test as given
import data.reeve.runtime.node_pressure as rule

condition(type, status) := {
	"type": type,
	"status": status,
	"message": "kubelet has disk pressure",
	"lastTransitionTime": "2026-08-01T12:00:00Z",
}

test_denies_with_message_and_path if {
	found := rule.violation with input.object.status as {"conditions": [condition("Ready", "True"), condition("DiskPressure", "True")]}
	found == {{
		"msg": concat("; ", [
			"the node runs out of disk space or inodes: condition DiskPressure is True since 2026-08-01T12:00:00Z",
			`the condition says "kubelet has disk pressure"`,
			"find out what takes it or give the node more",
		]),
		"path": "status.conditions[1].status",
	}}
}

test_denies_every_pressure if {
	found := rule.violation with input.object.status as {"conditions": [
		condition("MemoryPressure", "True"),
		condition("DiskPressure", "True"),
		condition("PIDPressure", "True"),
		condition("NetworkUnavailable", "True"),
	]}
	count(given.paths(found)) == 4
}

test_allows_false_unknown_and_other_conditions if {
	rule.violation == set() with input.object.status as {"conditions": [
		condition("MemoryPressure", "False"),
		condition("DiskPressure", "Unknown"),
		condition("Ready", "True"),
		condition("KernelDeadlock", "True"),
	]}
}

test_takes_wrong_types_without_error if {
	rule.violation == set() with input.object as {}
	rule.violation == set() with input.object.status as {"conditions": null}
	rule.violation == set() with input.object.status as {"conditions": [null, "DiskPressure", condition("DiskPressure", true), condition(["DiskPressure"], "True")]}
	count(rule.violation) == 1 with input.object.status as {"conditions": [{"type": "DiskPressure", "status": "True", "message": 7}]}
}
