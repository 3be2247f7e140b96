package reeve.runtime.node_problem_test

import data.reeve.lib.given_test as given
import data.reeve.runtime.node_problem as rule

condition(type, status) := {
	"type": type,
	"status": status,
	"reason": "AUFSUmountHung",
	"message": "task umount.aufs:123 blocked for more than 120 seconds",
	"lastTransitionTime": "2026-08-01T12:00:00Z",
}

found(conditions) := violations if {
	violations := rule.violation with input.object.status.conditions as conditions
		with input.parameters as {"problems": {"KernelDeadlock": "the kernel hangs", "Odd": 7}, "ignoredConditions": ["VMEventScheduled"]}
}

test_denies_with_message_and_path if {
	found([condition("Ready", "True"), condition("KernelDeadlock", "True")]) == {{
		"msg": concat("; ", [
			`the kernel hangs: condition "KernelDeadlock" is True (AUFSUmountHung) since 2026-08-01T12:00:00Z`,
			`the condition says "task umount.aufs:123 blocked for more than 120 seconds"`,
			"drain the node and look at its kernel log",
		]),
		"path": "status.conditions[1].status",
	}}
}

test_denies_conditions_that_nobody_has_told_it_of if {
	violations := found([condition("SomethingNew", "True"), condition("Odd", "True"), condition("KubeletUnhealthy", "True")])
	count(violations) == 3
	every violation in violations { startswith(violation.msg, "the node has a problem: ") }
}

test_allows_what_is_false_or_unknown if {
	found([condition("KernelDeadlock", "False"), condition("ReadonlyFilesystem", "Unknown")]) == set()
}

test_allows_kubernetes_own_conditions if {
	found([condition(type, "True") |
		some type in ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable", "OutOfDisk", "ConfigOK", "KubeletConfigOk"]
	]) == set()
}

test_allows_conditions_that_are_good_or_ignored if {
	found([condition("KernelReady", "True"), condition("DiskHealthy", "True"), condition("VMEventScheduled", "True")]) == set()
}

test_takes_wrong_types_without_error if {
	found(null) == set()
	found([null, "KernelDeadlock", condition(7, "True"), condition("KernelDeadlock", true)]) == set()
	given.paths(found([{"type": "KernelDeadlock", "status": "True", "message": []}])) == {"status.conditions[0].status"}
}
