package reeve.workloads.seccomp_not_runtime_default_test

import data.reeve.lib.given_test as given
import data.reeve.workloads.seccomp_not_runtime_default as rule

profile(type) := {"seccompProfile": {"type": type}}

# What the rule finds about a pod with a security context and containers with others.
found(pod, containers) := violations if {
	violations := rule.violation with input.workload as given.pod({
		"securityContext": pod,
		"containers": [{"name": "web", "securityContext": context} | some context in containers],
	})
}

test_denies_neither_with_message_path_and_name if {
	violations := rule.violation with input.workload as given.deployment({"containers": [{"name": "web"}]})
	violations == {{
		"msg": "securityContext.seccompProfile is RuntimeDefault or Localhost neither on the container nor on the pod; set it to type: RuntimeDefault",
		"path": "spec.template.spec.containers[0].securityContext.seccompProfile",
		"container": "web",
	}}
}

test_denies_a_container_that_overrides_the_pod_with_message if {
	some violation in found(profile("RuntimeDefault"), [profile("Unconfined")])
	violation.msg == "securityContext.seccompProfile overrides the pod's and is neither RuntimeDefault nor Localhost; remove it or set it to type: RuntimeDefault"
}

test_allows_what_the_pod_or_the_container_confines if {
	found(profile("RuntimeDefault"), [{}, null, {"seccompProfile": null}, profile("Localhost")]) == set()
	found({}, [profile("RuntimeDefault"), profile("Localhost")]) == set()
	found(profile("Unconfined"), [profile("RuntimeDefault")]) == set()
	found(profile("Localhost"), [{}]) == set()
}

test_denies_unconfined_null_and_empty if {
	count(found(profile("Unconfined"), [{}])) == 1
	count(found(null, [null])) == 1
	count(found({}, [profile("Unconfined")])) == 1
	count(found({}, [{"seccompProfile": {}}])) == 1
	count(found(profile("RuntimeDefault"), [{"seccompProfile": {}}])) == 1
	count(found(profile("runtime/default"), [profile("runtimedefault")])) == 1
}

test_denies_init_sidecar_and_ephemeral_containers_of_a_cron_job if {
	violations := rule.violation with input.workload as given.cron_job({
		"initContainers": [{"name": "init"}, {"name": "mesh", "restartPolicy": "Always"}],
		"containers": [{"name": "web", "securityContext": profile("RuntimeDefault")}],
		"ephemeralContainers": [{"name": "debug"}],
	})
	{violation.container | some violation in violations} == {"init", "mesh", "debug"}
}

test_allows_windows_pods if {
	allowed := rule.violation with input.workload as given.pod({"os": {"name": "windows"}, "containers": [{}]})
	allowed == set()
	denied := rule.violation with input.workload as given.pod({"os": {"name": "linux"}, "containers": [{}]})
	count(denied) == 1
	overridden := rule.violation with input.workload as given.pod({
		"os": {"name": "windows"},
		"securityContext": profile("RuntimeDefault"),
		"containers": [{"securityContext": profile("Unconfined")}],
	})
	overridden == set()
}

test_takes_wrong_types_without_error if {
	count(found("RuntimeDefault", ["RuntimeDefault", {"seccompProfile": "RuntimeDefault"}, ["a"]])) == 3
	rule.violation == set() with input.workload as null
	rule.violation == set() with input.workload as given.pod(null)
}
