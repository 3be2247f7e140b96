package reeve.lib.resources_test

import data.reeve.lib.given_test as given
import data.reeve.lib.resources

workload := given.pod({
	"resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "0", "memory": "1Gi"}},
	"containers": [
		{"resources": {"requests": {"cpu": "100m", "memory": "0"}, "limits": {"memory": "64Mi"}}},
		{"resources": {"limits": {"cpu": 1}}},
		{"resources": {"requests": {"cpu": null}, "limits": {"cpu": "1"}}},
		{"resources": null},
		null,
	],
})

test_requests_are_given_or_filled_in_from_a_limit if {
	resources.requested == {"cpu": {"spec.containers[0]", "spec.containers[1]", "spec.containers[2]"}} with input.workload as workload
}

test_zero_is_none if {
	zero := given.pod({
		"resources": {"limits": {"cpu": "0", "memory": "0"}},
		"containers": [{"resources": {"limits": {"cpu": "0"}}}, {"resources": {"requests": {"cpu": "0"}, "limits": {"cpu": "1"}}}],
	})
	object.get(resources.requested, "cpu", set()) == set() with input.workload as zero
	resources.requested_by_pod == set() with input.workload as zero
	resources.limited_by_pod == set() with input.workload as zero
}

test_a_request_of_zero_of_the_pod_is_not_filled_in_from_its_limit if {
	resources.requested_by_pod == set() with input.workload as given.pod({"resources": {"requests": {"cpu": "0"}, "limits": {"cpu": "1"}}})
}

test_pods_request_and_limit_as_a_whole if {
	resources.requested_by_pod == {"cpu", "memory"} with input.workload as workload
	resources.limited_by_pod == {"memory"} with input.workload as workload
}
