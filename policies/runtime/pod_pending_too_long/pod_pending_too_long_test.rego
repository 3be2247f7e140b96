package reeve.runtime.pod_pending_too_long_test

import data.reeve.runtime.pod_pending_too_long as rule

# 2026-08-01T12:00:00Z
noon := 1785585600000000000

found(pod) := violations if {
	violations := rule.violation with input.object as pod
		with input.parameters as {"minutes": 15}
		with time.now_ns as noon
}

# A pod that was created at the given time.
pod(created, status) := {"metadata": {"creationTimestamp": created}, "status": object.union({"phase": "Pending"}, status)}

scheduled(status, time, more) := {"conditions": [
	{"type": "Ready", "status": "False", "lastTransitionTime": "2026-08-01T11:59:00Z"},
	object.union({"type": "PodScheduled", "status": status, "lastTransitionTime": time}, more),
]}

since(time, cause) := {{
	"msg": sprintf("has been Pending since %s, longer than 15 minutes%s; see what it waits for with kubectl describe", [time, cause]),
	"path": "status.phase",
}}

test_denies_what_no_node_takes if {
	found(pod("2026-08-01T11:44:59Z", scheduled("False", "2026-08-01T11:55:00Z", {"reason": "Unschedulable", "message": "0/3 nodes are available"}))) == since("2026-08-01T11:44:59Z", `: no node takes it; the scheduler says "0/3 nodes are available"`)
}

test_denies_what_waits_on_its_node if {
	creating := {"containerStatuses": [{"name": "web", "state": {"waiting": {"reason": "ContainerCreating"}}}]}
	found(pod("2026-08-01T08:00:00Z", object.union(scheduled("True", "2026-08-01T11:30:00Z", {}), creating))) == since("2026-08-01T11:30:00Z", `: container "web" waits in "ContainerCreating"`)
}

test_denies_what_waits_for_an_init_container if {
	running := {
		"initContainerStatuses": [
			{"name": "proxy", "started": true, "state": {"running": {}}},
			{"name": "migrate", "state": {"running": {"startedAt": "2026-08-01T11:00:00Z"}}},
		],
		"containerStatuses": [{"name": "web", "state": {"waiting": {"reason": "PodInitializing"}}}],
	}
	found(pod("2026-08-01T10:59:00Z", object.union(scheduled("True", "2026-08-01T11:00:00Z", {}), running))) == since("2026-08-01T11:00:00Z", `: init container "migrate" is still running`)
}

test_denies_what_nobody_has_looked_at if {
	found(pod("2026-08-01T11:00:00Z", {})) == since("2026-08-01T11:00:00Z", "")
}

test_allows_what_is_within_the_window if {
	found(pod("2026-08-01T11:45:00Z", {})) == set()

	# It waited long for its node, but that is over.
	found(pod("2026-08-01T08:00:00Z", scheduled("True", "2026-08-01T11:50:00Z", {}))) == set()
}

test_allows_what_is_held_back_by_a_gate if {
	found(pod("2026-08-01T08:00:00Z", scheduled("False", "2026-08-01T08:00:00Z", {"reason": "SchedulingGated"}))) == set()
}

test_allows_other_phases_and_what_is_being_deleted if {
	found({"metadata": {"creationTimestamp": "2026-08-01T08:00:00Z"}, "status": {"phase": "Running"}}) == set()
	found({"metadata": {"creationTimestamp": "2026-08-01T08:00:00Z", "deletionTimestamp": "2026-08-01T11:00:00Z"}, "status": {"phase": "Pending"}}) == set()
}

test_takes_wrong_types_without_error if {
	found({}) == set()
	found({"status": {"phase": "Pending"}}) == set()
	found(pod(7, {"conditions": [null, {"type": "PodScheduled", "status": "True", "lastTransitionTime": null}]})) == set()
	count(found(pod("2026-08-01T08:00:00Z", {"conditions": "none"}))) == 1
	odd := {"containerStatuses": [null, {"state": {"waiting": {"reason": 7}}}], "initContainerStatuses": "none"}
	found(pod("2026-08-01T08:00:00Z", object.union(scheduled("True", "2026-08-01T09:00:00Z", {}), odd))) == since("2026-08-01T09:00:00Z", "")
}
