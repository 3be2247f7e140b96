package reeve.workloads.priority_class_missing_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.priority_class_missing as rule

test_denies_with_message_and_path if {
	found := rule.violation with input.workload as given.deployment({})
	found == {{
		"msg": "priorityClassName is not set; name a PriorityClass that says how important the pod is",
		"path": "spec.template.spec.priorityClassName",
	}}
}

test_denies_null_and_empty if {
	count(rule.violation) == 1 with input.workload as given.pod({"priorityClassName": null})
	count(rule.violation) == 1 with input.workload as given.pod({"priorityClassName": ""})
	count(rule.violation) == 1 with input.workload as given.pod({"priority": 1000})
}

test_allows_a_priority_class if {
	rule.violation == set() with input.workload as given.cron_job({"priorityClassName": "business"})
}

test_takes_a_missing_workload_without_error if {
	rule.violation == set() with input.workload as null
}
