package reeve.pod_security_baseline.pss_app_armor_test

import data.reeve.lib.given_test as given
import data.reeve.pod_security_baseline.pss_app_armor as rule

found(spec, version) := violations if {
	violations := rule.violation with input.workload as given.pod(spec)
		with input.parameters.version as version
}

profile(type) := {"appArmorProfile": {"type": type}}

annotated(key, value) := violations if {
	violations := rule.violation with input.workload as object.union(given.deployment({}), {"metadata": {"annotations": {key: value}}})
}

test_denies_pod_with_message_and_path if {
	found({"securityContext": profile("Unconfined")}, "latest") == {{
		"msg": "the pod's securityContext.appArmorProfile.type is \"Unconfined\"; use RuntimeDefault or Localhost, or remove the profile",
		"path": "spec.securityContext.appArmorProfile.type",
	}}
}

test_denies_container_with_message_path_and_name if {
	found({"ephemeralContainers": [{"name": "debug", "securityContext": profile("Unconfined")}]}, "v1.0") == {{
		"msg": "securityContext.appArmorProfile.type is \"Unconfined\"; use RuntimeDefault or Localhost, or remove the profile",
		"path": "spec.ephemeralContainers[0].securityContext.appArmorProfile.type",
		"container": "debug",
	}}
}

test_denies_annotation_with_message_and_path if {
	annotated("container.apparmor.security.beta.kubernetes.io/web", "unconfined") == {{
		"msg": "the annotation \"container.apparmor.security.beta.kubernetes.io/web\" is \"unconfined\"; use runtime/default or localhost/<profile>, or remove it",
		"path": "spec.template.metadata.annotations[\"container.apparmor.security.beta.kubernetes.io/web\"]",
	}}
}

test_denies_profiles_that_are_none if {
	count(found({"securityContext": {"appArmorProfile": {}}}, "latest")) == 1
	count(found({"securityContext": {"appArmorProfile": "RuntimeDefault"}}, "latest")) == 1
	count(found({"containers": [{"securityContext": profile(null)}, {"securityContext": profile("runtimedefault")}]}, "latest")) == 2
	count(annotated("container.apparmor.security.beta.kubernetes.io/web", 7)) == 1
}

test_allows_profiles_that_confine if {
	found({"securityContext": profile("RuntimeDefault"), "containers": [{"securityContext": profile("Localhost")}, {"securityContext": {"appArmorProfile": null}}, {}]}, "latest") == set()
}

test_allows_annotations_that_confine if {
	annotated("container.apparmor.security.beta.kubernetes.io/web", "runtime/default") == set()
	annotated("container.apparmor.security.beta.kubernetes.io/web", "localhost/web") == set()
	annotated("container.apparmor.security.beta.kubernetes.io/web", "") == set()
	annotated("container.apparmor.security.beta.kubernetes.io/web", null) == set()
	annotated("example.com/apparmor", "unconfined") == set()
}

test_takes_missing_containers_without_error if {
	rule.violation == set() with input.workload as null with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod(null) with input.parameters.version as "latest"
	rule.violation == set() with input.workload as given.pod({}) with input.parameters.version as "latest"
}
