package reeve.runtime.component_unhealthy_test

import data.reeve.runtime.component_unhealthy as rule

health(healthy) := {
	"metadata": {"name": "readyz/etcd"},
	"spec": {"component": "etcd", "source": "/readyz", "check": "etcd"},
	"status": {"healthy": healthy, "message": "reason withheld"},
}

found(object) := violations if {
	violations := rule.violation with input.object as object
		with input.parameters as {"ignored": ["componentstatuses/scheduler"]}
}

test_denies_with_message_and_path if {
	found(health(false)) == {{
		"msg": `etcd is not healthy: check "etcd" of /readyz fails; it says "reason withheld"; ask the component itself and read its log`,
		"path": "status.healthy",
	}}
}

test_allows_what_is_healthy if {
	found(health(true)) == set()
}

test_allows_what_is_ignored if {
	found(object.union(health(false), {"metadata": {"name": "componentstatuses/scheduler"}})) == set()
}

test_takes_wrong_types_without_error if {
	found({}) == set()
	found({"spec": null, "status": null}) == set()
	found(health(null)) == set()
	count(found({"spec": {}, "status": {"healthy": false, "message": 7}})) == 1
}
