package reeve.runtime.pod_failed_test

import data.reeve.runtime.pod_failed as rule

test_denies_with_reason_and_path if {
	found := rule.violation with input.object.status as {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory. "}
	found == {{
		"msg": concat("; ", [
			`the pod has failed with reason "Evicted"`,
			`its status says "The node was low on resource: memory. "`,
			"read why with kubectl describe and delete it when it is not needed any more",
		]),
		"path": "status.phase",
	}}
}

test_denies_without_reason if {
	found := rule.violation with input.object.status as {"phase": "Failed", "reason": "", "message": null}
	found == {{
		"msg": "the pod has failed; read why with kubectl describe and delete it when it is not needed any more",
		"path": "status.phase",
	}}
}

test_allows_other_phases if {
	rule.violation == set() with input.object.status as {"phase": "Succeeded", "reason": "Evicted"}
	rule.violation == set() with input.object.status as {"phase": "Running"}
	rule.violation == set() with input.object.status as {"phase": "Unknown", "reason": "NodeLost"}
}

test_allows_pods_that_are_being_deleted if {
	rule.violation == set() with input.object as {"metadata": {"deletionTimestamp": "2026-08-01T12:00:00Z"}, "status": {"phase": "Failed"}}
}

test_takes_wrong_types_without_error if {
	rule.violation == set() with input.object as {}
	rule.violation == set() with input.object.status as null
	rule.violation == set() with input.object.status as {"phase": ["Failed"]}
	count(rule.violation) == 1 with input.object.status as {"phase": "Failed", "reason": 7, "message": []}
}
