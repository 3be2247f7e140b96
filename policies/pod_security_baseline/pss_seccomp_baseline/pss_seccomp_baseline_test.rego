package reeve.pod_security_baseline.pss_seccomp_baseline_test

import data.reeve.lib.given_test as given
import data.reeve.pod_security_baseline.pss_seccomp_baseline as rule

found(spec, version) := violations if {
	violations := rule.violation with input.workload as given.pod(spec)
		with input.parameters.version as version
}

profile(type) := {"seccompProfile": {"type": type}}

annotated(key, value, version) := violations if {
	violations := rule.violation with input.workload as object.union(given.cron_job({"containers": [{"name": "web"}]}), {"metadata": {"annotations": {key: value}}})
		with input.parameters.version as version
}

test_denies_pod_with_message_and_path if {
	found({"securityContext": profile("Unconfined")}, "latest") == {{
		"msg": "the pod's securityContext.seccompProfile.type is \"Unconfined\"; use RuntimeDefault or Localhost, or remove the profile",
		"path": "spec.securityContext.seccompProfile.type",
	}}
}

test_denies_container_with_message_path_and_name if {
	found({"initContainers": [{"name": "init", "securityContext": profile("Unconfined")}]}, "v1.19") == {{
		"msg": "securityContext.seccompProfile.type is \"Unconfined\"; use RuntimeDefault or Localhost, or remove the profile",
		"path": "spec.initContainers[0].securityContext.seccompProfile.type",
		"container": "init",
	}}
}

test_denies_annotation_before_v1_19_with_message_and_path if {
	annotated("container.seccomp.security.alpha.kubernetes.io/web", "unconfined", "v1.18") == {{
		"msg": "the annotation \"container.seccomp.security.alpha.kubernetes.io/web\" is \"unconfined\"; use runtime/default or localhost/<profile>, or remove it",
		"path": "spec.jobTemplate.spec.template.metadata.annotations[\"container.seccomp.security.alpha.kubernetes.io/web\"]",
	}}
	count(annotated("seccomp.security.alpha.kubernetes.io/pod", "unconfined", "v1.0")) == 1
	count(annotated("seccomp.security.alpha.kubernetes.io/pod", "", "v1.0")) == 1
	count(annotated("seccomp.security.alpha.kubernetes.io/pod", null, "v1.0")) == 1
	count(annotated("seccomp.security.alpha.kubernetes.io/pod", 7, "v1.0")) == 1
}

test_denies_profiles_that_are_none if {
	count(found({"securityContext": {"seccompProfile": {}}}, "latest")) == 1
	count(found({"securityContext": {"seccompProfile": "RuntimeDefault"}}, "latest")) == 1
	count(found({"containers": [{"securityContext": profile(null)}, {"securityContext": profile("runtime/default")}]}, "latest")) == 2
}

test_allows_profiles_that_confine if {
	found({"securityContext": profile("RuntimeDefault"), "containers": [{"securityContext": profile("Localhost")}, {"securityContext": {"seccompProfile": null}}, {}]}, "latest") == set()
}

test_allows_fields_before_v1_19_and_annotations_since if {
	found({"securityContext": profile("Unconfined"), "containers": [{"securityContext": profile("Unconfined")}]}, "v1.18") == set()
	annotated("seccomp.security.alpha.kubernetes.io/pod", "unconfined", "v1.19") == set()
	annotated("seccomp.security.alpha.kubernetes.io/pod", "unconfined", "latest") == set()
}

test_allows_annotations_that_confine_or_belong_to_nobody if {
	annotated("seccomp.security.alpha.kubernetes.io/pod", "runtime/default", "v1.18") == set()
	annotated("seccomp.security.alpha.kubernetes.io/pod", "docker/default", "v1.18") == set()
	annotated("container.seccomp.security.alpha.kubernetes.io/web", "localhost/web.json", "v1.18") == set()
	annotated("container.seccomp.security.alpha.kubernetes.io/other", "unconfined", "v1.18") == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod(null) with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod({}) with input.parameters.version as "latest"
}
